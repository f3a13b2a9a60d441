// Held contents on a simulated disk; it stands for src/disk/held-files.ts.
import type { FileEntry } from '../../src/core/entry.js';
import { SyncError } from '../../src/core/errors.js';
import type { RelPath } from '../../src/core/path.js';
import type { Content } from '../../src/replica.js';
import type { HeldContents } from '../../src/sync/held/context.js';
import { hashOf, type Inode, type SimDisk } from './disk.js';
import type { Process } from './world.js';

export class SimHeld implements HeldContents {
  readonly #disk: SimDisk;
  readonly #process: Process;
  /** The contents of a file in pieces, as the replica reads them. */
  readonly #pieces: (n: number, content: string) => AsyncIterable<Content>;
  /** Keeps what is held of a path as an earlier content of it. */
  readonly #keep: (of: RelPath, inode: Inode) => void;

  constructor(
    disk: SimDisk,
    process: Process,
    pieces: (n: number, content: string) => AsyncIterable<Content>,
    keep: (of: RelPath, inode: Inode) => void,
  ) {
    this.#disk = disk;
    this.#process = process;
    this.#pieces = pieces;
    this.#keep = keep;
  }

  async save(of: RelPath, id: number, file: FileEntry, contents: AsyncIterable<Content>): Promise<string | null> {
    const { world } = this.#process;
    const parts: Buffer[] = [];
    try {
      for await (const piece of contents) {
        if ('failed' in piece) return null;
        if ('data' in piece) parts.push(piece.data);
      }
      await this.#process.step();
      if (world.random.chance(world.weather.failedSave)) throw new Error('ENOSPC');
    } catch (cause) {
      throw new SyncError('failed', `An update of ${of} cannot be held: ${(cause as Error).message}.`, { cause });
    }
    const content = Buffer.concat(parts).toString();
    if (hashOf(content) !== file.hash) return null;
    return this.#place(of, id, file, content);
  }

  #place(of: RelPath, id: number, file: FileEntry, content: string): string {
    let name = `${of} (held ${id})`;
    for (let n = id; this.#disk.held.has(name); n++) name = `${of} (held ${n + 1})`;
    this.#disk.hold(name, this.#disk.inode('file', content, file.mode, file.mtime));
    this.#disk.flush();
    this.#process.world.say(() => `held/${name} = ${content}`);
    return name;
  }

  async *read(name: string): AsyncGenerator<Content> {
    await this.#process.step();
    const inode = this.#disk.held.get(name);
    if (inode === undefined) yield { n: 0, failed: { kind: 'stale' } };
    else yield* this.#pieces(0, inode.content);
  }

  has(name: string): boolean {
    return this.#disk.held.has(name);
  }

  async isAltered(name: string, file: FileEntry): Promise<boolean> {
    await this.#process.step();
    const inode = this.#disk.held.get(name);
    return inode !== undefined && hashOf(inode.content) !== file.hash;
  }

  forget(name: string): void {
    this.remove(name);
  }

  /** It took effect, so it has stood in the tree. */
  remove(name: string): void {
    if (!this.#process.alive) return;
    const content = this.#disk.held.get(name)?.content;
    if (content === undefined) return;
    const { ledger } = this.#disk;
    if (ledger.count(content) === 1 && !this.#stoodInTree(content)) ledger.world.broken(`held ${name} was thrown away`);
    this.#disk.unhold(name);
    this.#process.world.say(() => `held/${name} removed`);
  }

  #stoodInTree(content: string): boolean {
    return (
      this.#disk.ledger.placed.has(content) || [...this.#disk.walk()].some(([, inode]) => inode.content === content)
    );
  }

  moveToVersions(of: RelPath, name: string): void {
    if (!this.#process.alive) return;
    const inode = this.#disk.held.get(name);
    if (inode === undefined) return;
    this.#keep(of, inode);
    this.#disk.unhold(name);
    this.#process.world.say(() => `held/${name} goes to versions`);
  }

  /** As at the start of server-a: what no update names goes to versions. */
  recover(known: ReadonlySet<string>): void {
    for (const name of [...this.#disk.held.keys()]) if (!known.has(name)) this.moveToVersions(name as RelPath, name);
  }
}
