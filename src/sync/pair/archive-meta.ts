// What the archive stores about the pair as a whole: which roots it belongs to, and their epoch.
import type { Table } from '../../disk/state/store.js';

/** The values by key. */
interface MetaValues {
  /** The ids of both roots, side a's first, separated by a space. */
  roots: string;
  /** The directory of side b. */
  dir: string;
  /** Whether the two roots have never agreed: then nothing was ever shared. */
  firstContact: true;
  /** Whether a person has said that these two roots may be joined, or nobody had to be asked. */
  agreed: true;
  /** The last held update from before the roots met for the first time. */
  formerHeld: number;
  /** The sides of which it was reported that too much is missing: it holds until nothing is. */
  lossReported: string;
  /** Whether the machine of side a crashed, and the side has not been scanned completely since. */
  seenIsOld: true;
  /** When both sides last agreed, milliseconds since 1970. */
  inSync: number;
  /** The highest epoch that side b has acknowledged. */
  epoch: number;
  /** The highest token of a lock, as server-a found it at its last start. */
  token: number;
}

/** The name of its table in the archive. */
export const META_TABLE = 'meta';

/** The values, kept in the archive. */
export class ArchiveMeta implements Table {
  readonly #values = new Map<string, unknown>();
  /** Writes a row; null deletes it. Set once the store is open. */
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
