// The state files of one root. Each is checked against its watermark when it is opened, and damage is reported to
// people. While the server runs, a file that another program removes or changes is written again from memory.
import path from 'node:path';
import { setAside } from '../fs/whole-file.js';
import { damageText } from './journal-check.js';
import type { DamagePolicy, Tables } from './journal-open.js';
import type { StateProblems } from './problems.js';
import { SealedFile } from './sealed-file.js';
import { type Opened, Store } from './store.js';
import { type StateFileName, Watermarks } from './watermarks.js';

/** What follows from damage, for people. */
export const ANEW = 'Nothing is deleted; both sides are compared anew.';

type Value = Readonly<Record<string, unknown>>;

/** An open sealed file. */
interface OpenSealed {
  readonly file: SealedFile;
  readonly value: Value | null;
  /** Whether it was damaged or missing. */
  readonly isLost: boolean;
}

/** The files of one ROOT/.lockstep. */
export class StateFiles {
  readonly #directory: string;

  readonly #watermarks: Watermarks;
  readonly #stores = new Set<Store>();
  readonly #sealedFiles: SealedFile[] = [];

  /** @throws the system's error where nothing can be written. */
  constructor(
    directory: string,
    readonly problems: StateProblems,
  ) {
    this.#directory = directory;

    this.#watermarks = new Watermarks(directory);
    const { damage } = this.#watermarks;
    if (damage === null) return;
    this.report(
      'watermarks',
      `${damageText(path.join(directory, 'watermarks'), damage.kind, damage.setAside)} ` +
        'Whether the other state files are complete cannot be known this time; what can be read of them is used.',
    );
  }

  /** Whether there were no watermarks: then a missing state file cannot be recognised as missing. */
  get areUnknown(): boolean {
    return this.#watermarks.isNew;
  }

  /** Reports to people that the file `name` is damaged. */
  report(name: string, message: string): void {
    this.problems.add(name, 'state-damaged', message);
  }

  /** Opens the journal `file`, whose name must be one that has a watermark. */
  readonly openStore = (file: string, tables: Tables, policy: DamagePolicy = {}): Opened => {
    const name = path.basename(file) as StateFileName;
    let kind: Parameters<NonNullable<DamagePolicy['onDamage']>>[0] | null = null;
    const opened = Store.open(file, tables, {
      ...policy,
      mark: this.#watermarks.of(name),
      onDamage: (found) => {
        kind = found;
        policy.onDamage?.(found);
      },
      onReplaced: () => this.#replaced(name),
    });
    if (kind !== null) {
      const more = kind === 'tail' || policy.consequence === undefined ? '' : ` ${policy.consequence}`;
      this.report(name, damageText(file, kind, opened.setAside) + more);
    }
    this.#stores.add(opened.store);
    return opened;
  };

  /**
   * Opens a sealed file. A damaged one is set aside; the caller then writes a new one.
   * @param isOurs whether this version understands a value.
   * @param consequence what follows from damage, for people.
   */
  openSealed(name: StateFileName, isOurs: (value: Value) => boolean, consequence: string): OpenSealed {
    const file = new SealedFile(path.join(this.#directory, name), this.#watermarks.of(name));
    const { value, damage } = file.read(isOurs);
    if (damage !== null) this.report(name, `${damageText(file.path, damage, setAside(file.path))} ${consequence}`);
    this.#sealedFiles.push(file);
    return { file, value, isLost: damage !== null };
  }

  /** Writes again the sealed files that another program removed or changed. @throws the system's error. */
  restore(): void {
    if (this.#watermarks.check()) this.#replaced('watermarks');
    for (const file of this.#sealedFiles) if (file.check()) this.#replaced(path.basename(file.path));
  }

  /** Writes again the journals that another program removed or changed. @throws SyncError `failed` where that fails. */
  async mend(): Promise<void> {
    for (const store of this.#stores) await store.mend();
  }

  #replaced(name: string): void {
    const file = path.join(this.#directory, name);
    const message = `The state file ${file} was removed or changed by another program. It is written anew; nothing is lost.`;
    this.problems.note(name, 'state-damaged', message);
  }

  close(): void {
    this.#watermarks.close();
  }
}
