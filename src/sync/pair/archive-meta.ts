// What the archive says of the pair as a whole: which roots it is about, and how far they are in step.
import type { Table } from '../../disk/state/store.js';

/** The values, and what each is. */
interface MetaValues {
  /** The ids of both roots, side a's first. */
  roots: string;
  /** Where side b's root was. */
  dir: string;
  /** Whether the two roots have never been in step: then nothing was ever shared. */
  firstContact: true;
  /** The highest epoch that side b has acknowledged. */
  epoch: number;
}

/** The table of an archive that it is kept in. */
export const META_TABLE = 'meta';

export class ArchiveMeta implements Table {
  readonly #values = new Map<string, unknown>();
  /** Writes a row; null: no more. Set once the store is open. */
  write: (key: string, value: unknown) => void = () => {};

  load(key: string, value: unknown): void {
    if (value === null) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  all(): Iterable<readonly [string, unknown]> {
    return this.#values;
  }

  get<K extends keyof MetaValues>(key: K): MetaValues[K] | null {
    return (this.#values.get(key) as MetaValues[K] | undefined) ?? null;
  }

  put<K extends keyof MetaValues>(key: K, value: MetaValues[K] | null): void {
    if (this.get(key) === value) return;
    this.load(key, value);
    this.write(key, value);
  }
}
