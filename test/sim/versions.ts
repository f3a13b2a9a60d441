// Earlier contents on a simulated disk, with the real records and names of src/disk/versions: whatever becomes of the
// records, each earlier content is found, and no record tells of another one.
import type { Reason } from '../../src/core/change.js';
import { joinPath, nameOf, parentOf, type RelPath } from '../../src/core/path.js';
import { isVersionOf, versionName } from '../../src/disk/versions/name.js';
import { VersionRecords } from '../../src/disk/versions/records.js';
import { hashOf, type Inode, type SimDisk } from './disk.js';
import { storesOn } from './store.js';
import type { Process } from './world.js';

export class SimVersions {
  readonly #disk: SimDisk;
  readonly #process: Process;
  readonly #records: VersionRecords;

  constructor(disk: SimDisk, process: Process) {
    this.#disk = disk;
    this.#process = process;
    this.#records = new VersionRecords('versions.log', storesOn(disk, process));
  }

  keep(of: RelPath, inode: Inode, reason: Reason): void {
    const replaced = this.#process.clock.now();
    const taken = new Set(this.#disk.versions.map(({ name }) => name));
    const nameAt = (n: number) => joinPath(parentOf(of), versionName(nameOf(of), replaced, n));
    let n = 1;
    while (taken.has(nameAt(n))) n++;
    this.#disk.keepVersion(of, inode, nameAt(n));
    const hash = inode.type === 'file' ? hashOf(inode.content) : null;
    this.#records.add(nameAt(n), { of, replaced, reason, hash });
  }

  /** @returns what is wrong with what people find; null where nothing is. */
  fault(): string | null {
    for (const { path, name, inode } of this.#disk.versions) {
      const record = this.#records.get(name as RelPath);
      if (record === null && !isVersionOf(nameOf(name as RelPath), nameOf(path as RelPath)))
        return `nobody finds ${name}, which was ${path}`;
      // Who writes on in a file that was replaced writes in its version.
      const isOfAnother = record !== null && (record.of !== path || (record.hash === null) === (inode.type === 'file'));
      if (isOfAnother) return `the record of ${name} is that of another content: ${JSON.stringify(record)}`;
    }
    return null;
  }
}
