// A disk in memory: a tree of inodes, with Lockstep's own directories beside it. What was done since the last flush is
// volatile: a power cut takes some of it back, the latest first, as a journalling file system does.
import type { Entry, FileEntry } from '../../src/core/entry.js';
import type { Doer, Ledger } from './ledger.js';

export interface Inode {
  readonly ino: number;
  readonly type: 'file' | 'symlink' | 'dir';
  /** A file's content, or a link's target. */
  content: string;
  mode: number;
  /** The mode that it had before guarding took its write bits off; null where nothing was taken off. */
  guarded: number | null;
  /** Microseconds. */
  mtime: number;
  /** Grows with every change of anything about it: no two states have the same. */
  ctime: number;
  links: number;
  readonly children: Map<string, Inode>;
}

/** A journal on the disk: lines that are there as a whole or not at all, and how many of them are durable. */
export interface JournalFile {
  lines: (readonly [string, string, unknown])[][];
  durable: number;
  /** Whether some of it is gone, and whoever opens it can see that. */
  isDamaged: boolean;
}

const LARGE = 5 << 20;

export const sizeOf = (content: string): number => (content[0] === 'L' ? LARGE : content.length);
export const hashOf = (content: string): string => Buffer.from(content).toString('hex').padStart(64, '0');

/** @returns the content of a file of which a side has told. */
export const contentOf = ({ hash }: FileEntry): string => Buffer.from(hash.replace(/^(?:00)+/, ''), 'hex').toString();

/** An entry with the signature that its side knows it by. */
export type Seen = Entry & { readonly ino: number; readonly ctime: number };

export class SimDisk {
  root: Inode;
  /** The id of the root on it, those it had before, and where it is. */
  id = 'root';
  former: readonly string[] = [];
  directory = '/';
  device = '1';
  /** Whose doing what happens now is. */
  by: Doer = 'engine';
  versions: { readonly path: string; readonly name: string; readonly inode: Inode }[] = [];
  readonly held = new Map<string, Inode>();
  readonly journals = new Map<string, JournalFile>();
  #volatile: (() => void)[] = [];

  constructor(readonly ledger: Ledger) {
    this.root = this.inode('dir', '', 0o755, 0);
  }

  inode(type: Inode['type'], content: string, mode: number, mtime: number): Inode {
    return {
      ino: this.ledger.nextNumber(),
      type,
      content,
      mode,
      guarded: null,
      mtime,
      ctime: this.ledger.nextNumber(),
      links: 0,
      children: new Map(),
    };
  }

  // Scanning.

  at(path: string): Inode | null {
    let node: Inode | undefined = this.root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      node = node.type === 'dir' ? node.children.get(name) : undefined;
      if (node === undefined) return null;
    }
    return node;
  }

  /** Every path, parents first. */
  *walk(dir: Inode = this.root, above = ''): Generator<[string, Inode]> {
    for (const [name, inode] of dir.children) {
      const path = above === '' ? name : `${above}/${name}`;
      yield [path, inode];
      if (inode.type === 'dir') yield* this.walk(inode, path);
    }
  }

  // Changing. Each leaves the way to take it back.

  link(dir: Inode, name: string, inode: Inode): void {
    dir.children.set(name, inode);
    this.#linked(inode, 1);
    if (inode.type === 'file') this.ledger.stood.add(inode.content);
    const { by } = this;
    this.volatile(() => {
      dir.children.delete(name);
      this.#linked(inode, -1);
      if (by === 'user') this.ledger.loose.add(inode.content);
    });
  }

  unlink(dir: Inode, name: string): Inode {
    const inode = dir.children.get(name)!;
    dir.children.delete(name);
    this.#linked(inode, -1);
    this.volatile(() => {
      dir.children.set(name, inode);
      this.#linked(inode, 1);
    });
    return inode;
  }

  /** Moves, replacing what stands there. */
  rename(from: Inode, name: string, to: Inode, newName: string): void {
    this.atomically(() => {
      if (to.children.has(newName)) this.unlink(to, newName);
      this.link(to, newName, from.children.get(name)!);
      // A user who moves a file destroys nothing.
      const { by } = this;
      this.by = 'engine';
      this.unlink(from, name);
      this.by = by;
    });
  }

  /** Writes in place: every name of the inode shows it. */
  write(inode: Inode, content: string, mtime: number): void {
    const before = { content: inode.content, mtime: inode.mtime, ctime: inode.ctime };
    const set = (now: typeof before) => {
      this.ledger.add(now.content, inode.links, this.by);
      this.ledger.add(inode.content, -inode.links, this.by);
      if (inode.links > 0) this.ledger.stood.add(now.content);
      Object.assign(inode, now);
    };
    set({ content, mtime, ctime: this.ledger.nextNumber() });
    this.volatile(() => {
      set(before);
      this.ledger.loose.add(content);
    });
  }

  setMeta(inode: Inode, meta: { mode?: number; mtime?: number }): void {
    const { mode, mtime, ctime } = inode;
    Object.assign(inode, meta, { ctime: this.ledger.nextNumber() });
    this.volatile(() => void Object.assign(inode, { mode, mtime, ctime }));
  }

  /** @param name its name in versions/, where records are kept. */
  keepVersion(path: string, inode: Inode, name = ''): void {
    const kept = { path, name, inode };
    this.versions.push(kept);
    this.#linked(inode, 1);
    this.volatile(() => {
      this.versions.splice(this.versions.indexOf(kept), 1);
      this.#linked(inode, -1);
    });
  }

  hold(name: string, inode: Inode): void {
    this.held.set(name, inode);
    this.#linked(inode, 1);
    this.volatile(() => {
      this.held.delete(name);
      this.#linked(inode, -1);
    });
  }

  unhold(name: string): void {
    const inode = this.held.get(name);
    if (inode === undefined) return;
    this.held.delete(name);
    this.#linked(inode, -1);
    this.volatile(() => {
      this.held.set(name, inode);
      this.#linked(inode, 1);
    });
  }

  #linked(inode: Inode, links: number): void {
    inode.links += links;
    if (inode.type === 'file') this.ledger.add(inode.content, links, this.by);
  }

  /** What is to be done if a power cut takes back what has just been done. */
  volatile(takeBack: () => void): void {
    this.#volatile.push(takeBack);
  }

  /** What `act` does survives a power cut as a whole or not at all. */
  atomically(act: () => void): void {
    const before = this.#volatile;
    this.#volatile = [];
    act();
    const steps = this.#volatile;
    this.#volatile = before;
    this.volatile(() => {
      while (steps.length > 0) steps.pop()!();
    });
  }

  /** A disk with everything that is on this one, as a snapshot of it would have it. */
  copy(): SimDisk {
    const disk = new SimDisk(this.ledger);
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      const known = copies.get(inode);
      if (known !== undefined) return known;
      const copy: Inode = { ...inode, links: 0, children: new Map() };
      copies.set(inode, copy);
      for (const [name, child] of inode.children) disk.link(copy, name, copyOf(child));
      return copy;
    };
    disk.by = 'user';
    disk.root = copyOf(this.root);
    for (const { path, name, inode } of this.versions) disk.keepVersion(path, copyOf(inode), name);
    for (const [name, inode] of this.held) disk.hold(name, copyOf(inode));
    disk.by = 'engine';
    for (const [name, journal] of this.journals) disk.journals.set(name, { ...journal, lines: [...journal.lines] });
    Object.assign(disk, { id: this.id, former: this.former, directory: this.directory, device: this.device });
    disk.flush();
    return disk;
  }

  /** Everything done so far survives. */
  flush(): void {
    this.#volatile = [];
  }

  /** The power goes: of what was not flushed, the latest `share` is gone, and so are the ends of the journals. */
  cut(share: () => number): void {
    const { ledger } = this;
    const before = [...ledger.written].filter((content) => ledger.count(content) > 0);
    this.by = 'power cut';
    for (let left = Math.round(share() * this.#volatile.length); left > 0; left--) this.#volatile.pop()!();
    this.by = 'engine';
    // What a user wrote and did not flush is the user's risk; what the engine has told as done is flushed.
    for (const content of before) {
      if (ledger.count(content) > 0) continue;
      if (ledger.promised.has(content) && !ledger.released.has(content)) {
        ledger.world.broken(`${content} was lost in a power cut, though somebody was told that it is safe`);
      }
      ledger.released.add(content);
    }
    this.flush();
    for (const journal of this.journals.values()) {
      const length = journal.durable + Math.round(share() * (journal.lines.length - journal.durable));
      journal.lines.length = length;
      journal.durable = length;
    }
  }
}

export const withoutWrite = (mode: number): number => mode & ~0o222;

/** Whether its bits are as guarding left them. */
export const isGuarded = ({ mode, guarded }: Inode): boolean => guarded !== null && mode === withoutWrite(guarded);

/** @returns what stands there, as a replica would tell it. */
export function seenOf(inode: Inode): Seen {
  const { ino, ctime, type, mtime, content } = inode;
  const mode = isGuarded(inode) ? inode.guarded! : inode.mode;
  if (type === 'dir') return { type, mode, ino, ctime };
  if (type === 'symlink') return { type, target: content, mtime, ino, ctime };
  return { type, size: sizeOf(content), mtime, mode, hash: hashOf(content), ino, ctime };
}
