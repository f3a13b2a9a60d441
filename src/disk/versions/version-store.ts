// Joins the versions of one root: adding, records, reading and pruning.
import fs from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../log.js';
import type { StateDirectory } from '../state/state-directory.js';
import { DEFAULT_VERSION_LIMITS, type VersionLimits, VersionPruner } from './pruning.js';
import { LocalVersionReader } from './reader.js';
import { VersionRecords } from './records.js';
import { Versions } from './versions.js';

/** The versions of one root, pruned in the background until `close`. */
export class VersionStore {
  readonly versions: Versions;
  readonly versionReader: LocalVersionReader;
  readonly #records: VersionRecords;
  readonly #pruning: VersionPruner;

  constructor(state: StateDirectory, log: Logger, limits: VersionLimits = DEFAULT_VERSION_LIMITS) {
    const directory = state.versions;
    const records = new VersionRecords(path.join(state.path, 'versions.log'), state.files.openStore);
    this.#records = records;
    this.#pruning = new VersionPruner({ directory, records, limits, log });
    this.versionReader = new LocalVersionReader(directory, records, this.#pruning);
    this.versions = new Versions(directory);
    this.versions.onKept = (name, record) => {
      records.add(name, record);
      this.#pruning.grew(name, fs.lstatSync(path.join(directory.path, name), { throwIfNoEntry: false })?.size ?? 0);
    };
    this.#pruning.start();
  }

  /** To be called when the disk is full: prunes at once. */
  makeRoom(): void {
    this.#pruning.hurry();
  }

  async close(): Promise<void> {
    await this.#pruning.close();
    await this.#records.close();
  }
}
