// What people do to a directory: saves of every kind, moves, deletions, at any moment and without asking anybody. Every
// content is unique, so that it can be told whose it is wherever it turns up.
import type { RelPath } from '../../src/core/path.js';
import { nameOf, parentOf } from '../../src/core/path.js';
import type { Inode, SimDisk } from './disk.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';
import type { Place } from './replica.js';
import type { World } from './world.js';

const NAMES = ['x', 'y', 'z.t'];

/** A side as its users have it. */
export interface Desk {
  readonly place: Place;
  /** Tells the watcher of the side's server, if it runs. */
  readonly hint: (path: RelPath) => void;
  /** The moment, as that machine's clock has it, in milliseconds. */
  readonly now: () => number;
}

export class Users {
  /** When a path was last touched, by side and path. */
  readonly touched = new Map<string, number>();
  /** Contents that were moved or copied: they may turn up again later. */
  readonly wandering = new Set<string>();
  /** Who brought a content to a path last, by both. */
  private readonly brought = new Map<string, string>();

  constructor(
    private readonly world: World,
    private readonly ledger: Ledger,
    /** Whether server-a knows that both sides have `content` at `path`. */
    readonly isShared: (path: string, content: string) => boolean,
    /** The content that server-a believes both sides to have at `path`. */
    readonly sharedAt: (path: string) => string | null,
  ) {}

  randomPath(random: Random): string {
    const depth = random.chance(0.5) ? 1 : random.chance(0.6) ? 2 : 3;
    return Array.from({ length: depth }, () => random.pick(NAMES)).join('/');
  }

  /** One thing that somebody does. */
  act(desk: Desk, kind: string, random: Random): void {
    const { disk } = desk.place;
    disk.by = 'user';
    try {
      this.actAs(desk, kind, random);
    } finally {
      disk.by = 'engine';
    }
  }

  private actAs(desk: Desk, kind: string, random: Random): void {
    const { disk } = desk.place;
    const all = [...disk.walk()];
    const file = random.pick(all.filter(([, { type }]) => type !== 'dir'));
    const dir = random.pick(all.filter(([, { type }]) => type === 'dir'));
    const any = random.pick(all);
    const somewhere = this.randomPath(random);
    if (kind === 'create') this.save(desk, somewhere, random);
    else if (kind === 'save') this.save(desk, file?.[0] ?? somewhere, random);
    else if (kind === 'mkdir') this.makeDirectory(desk, somewhere);
    else if (kind === 'link') {
      this.put(desk, somewhere, disk.inode('symlink', random.pick(NAMES), 0o777, this.mtime(desk)));
    } else if (kind === 'delete' && file !== undefined) this.remove(desk, file[0]);
    else if (kind === 'remove-tree' && dir !== undefined) this.remove(desk, dir[0]);
    else if (kind === 'move' && file !== undefined) this.move(desk, file[0], somewhere);
    else if (kind === 'move-tree' && dir !== undefined) this.move(desk, dir[0], somewhere);
    else if (kind === 'meta' && any !== undefined) this.meta(desk, any[0], any[1], random);
    else if (kind === 'copy' && file?.[1].type === 'file') {
      this.wandering.add(file[1].content);
      this.ledger.touch(somewhere, file[1].content);
      this.put(desk, somewhere, disk.inode('file', file[1].content, 0o644, this.mtime(desk)));
    }
  }

  /** Writes into the very file, from within an engine's write. */
  saveInPlace(desk: Desk, path: RelPath): void {
    const { disk } = desk.place;
    const inode = disk.at(path);
    if (inode?.type !== 'file' || isReadOnly(inode)) return;
    disk.by = 'user';
    const content = this.ledger.newContent(false);
    this.ledger.loose.add(content);
    this.world.say(() => `${desk.place.name}  save ${path} = ${content} in the very moment`);
    this.replaceContent(desk, path, inode, content, this.mtime(desk));
    this.touch(desk, path);
    disk.by = 'engine';
  }

  /** A client's write puts `content` aside: it is to be had from now on, but need not be in place. */
  putAside(content: string): void {
    this.ledger.loose.add(content);
    this.wandering.add(content);
  }

  mayStandAt(path: string, content: string): void {
    this.ledger.allow(path, content);
    this.wandering.add(content);
  }

  /** A client's write took `content` away from `path`: it must not come back there. */
  takenAway(path: string, content: string): void {
    this.ledger.supersede(path, content);
  }

  /** A client was told that `content` is safe. */
  promised(content: string): void {
    this.ledger.promised.add(content);
  }

  private mtime(desk: Desk): number {
    return Math.floor(desk.now()) * 1000;
  }

  private save(desk: Desk, path: string, random: Random): void {
    const { disk } = desk.place;
    const content = this.ledger.newContent(random.chance(0.1));
    const present = disk.at(path);
    const way = isReadOnly(present) ? 2 : random.below(4);
    if (present?.type === 'file' && way < 2) {
      this.say(desk, `save ${path} = ${content} (was ${present.content})${way === 0 ? ' in two steps' : ''}`);
      if (way === 0) {
        // Truncated first, filled a little later: others may be quicker.
        this.wandering.add(content);
        this.replaceContent(desk, path, present, '', this.mtime(desk));
        this.touch(desk, path);
        const fill = () => {
          if (desk.place.disk !== disk || disk.at(path)?.ino !== present.ino) return;
          disk.by = 'user';
          this.replaceContent(desk, path, present, content, this.mtime(desk));
          this.touch(desk, path);
          disk.by = 'engine';
        };
        this.world.at(random.between(0, 40), fill);
      } else {
        this.replaceContent(desk, path, present, content, this.mtime(desk));
        this.touch(desk, path);
      }
      return;
    }
    if (present?.type === 'file' && way === 2) {
      // By a temporary name and a rename, as editors do.
      this.say(desk, `save ${path} = ${content} by rename (was ${present.content})`);
      this.put(desk, path, disk.inode('file', content, present.mode, this.mtime(desk)), true);
      return;
    }
    this.say(desk, `save ${path} = ${content} anew`);
    this.put(desk, path, disk.inode('file', content, 0o644, this.mtime(desk)), true);
  }

  private replaceContent(desk: Desk, path: string, inode: Inode, content: string, mtime: number): void {
    const { disk } = desk.place;
    this.ledger.written.add(content);
    this.superseding(disk, path, inode, () => disk.write(inode, content, mtime));
    this.ledger.allow(path, content);
    this.touchOtherNames(desk, inode);
  }

  /** A power cut may leave one file under two names: who writes by one name changes both, and no watcher tells of the other. */
  private touchOtherNames({ place }: Desk, inode: Inode): void {
    if (inode.links < 2) return;
    for (const [path, each] of place.disk.walk()) {
      if (each !== inode) continue;
      this.touched.set(path, this.world.time);
      place.dirty.add(path);
    }
  }

  /** What `act` takes away from `path` must not come back there, unless a power cut takes back what was done. */
  private superseding(disk: SimDisk, path: string, { type, content }: Inode, act: () => void): void {
    // Of what the pair has not yet noted as shared it cannot be told whether its loss was meant.
    if (type === 'file' && this.isShared(path, content)) this.ledger.supersede(path, content);
    act();
    if (type === 'file') disk.volatile(() => this.ledger.allow(path, content));
  }

  /**
   * Somebody puts something where server-a knows what both sides have. Where that is not there (it was taken away by a step
   * that server-a never heard of, or by a power cut) it cannot know but that it was replaced: to be had, but not in place.
   */
  private standIn(path: string, present: Inode | null): void {
    const shared = this.sharedAt(path);
    if (shared !== null && present?.content !== shared) this.ledger.loose.add(shared);
  }

  /** Puts something at a path; a file there is replaced, a directory stays as it is. */
  private put(desk: Desk, path: string, inode: Inode, silent = false): void {
    const { disk } = desk.place;
    const parent = this.parents(desk, path);
    const present = disk.at(path);
    if (parent === null || present?.type === 'dir') return;
    this.standIn(path, present);
    if (!silent) this.say(desk, `put ${inode.type} ${path} = ${inode.content}`);
    if (present !== null) {
      this.superseding(disk, path, present, () => void disk.unlink(parent, nameOf(path as RelPath)));
    }
    disk.link(parent, nameOf(path as RelPath), inode);
    if (inode.type === 'file') this.ledger.allow(path, inode.content);
    this.noteArrival(desk, path, inode);
    this.touch(desk, path);
  }

  private noteArrival({ place }: Desk, path: string, { type, content }: Inode): void {
    if (type !== 'file') return;
    // What comes to where both sides have the same content has other times, at least.
    if (this.sharedAt(path) === content) this.ledger.touch(path, content);
    // Where both people do the very same, who cannot see when takes the one for the other carried over, and what the one
    // undoes for undone: to be had, but not in place.
    const key = `${path} ${content}`;
    if ((this.brought.get(key) ?? place.name) !== place.name) this.ledger.loose.add(content);
    this.brought.set(key, place.name);
  }

  private makeDirectory(desk: Desk, path: string): void {
    if (this.parents(desk, path) === null || desk.place.disk.at(path) !== null) return;
    this.standIn(path, null);
    this.say(desk, `mkdir ${path}`);
    this.makeOne(desk, path);
  }

  private makeOne(desk: Desk, path: string): void {
    const { disk } = desk.place;
    disk.link(disk.at(parentOf(path as RelPath))!, nameOf(path as RelPath), disk.inode('dir', '', 0o755, 0));
    this.touch(desk, path);
  }

  /** Makes the directories above `path`. @returns the last, or null where a file is in the way. */
  private parents(desk: Desk, path: string): Inode | null {
    const { disk } = desk.place;
    const parent = parentOf(path as RelPath);
    if (parent === '') return disk.root;
    const present = disk.at(parent);
    if (present !== null) return present.type === 'dir' ? present : null;
    if (this.parents(desk, parent) === null) return null;
    this.makeOne(desk, parent);
    return disk.at(parent);
  }

  /** Takes something away, with all that is in it. */
  removeAt(desk: Desk, path: string): void {
    const { disk } = desk.place;
    disk.by = 'user';
    this.remove(desk, path);
    disk.by = 'engine';
  }

  private remove(desk: Desk, path: string): void {
    this.say(desk, `delete ${path}`);
    this.removeTree(desk, path);
  }

  private removeTree(desk: Desk, path: string): void {
    const { disk } = desk.place;
    const inode = disk.at(path)!;
    for (const name of [...inode.children.keys()]) this.removeTree(desk, `${path}/${name}`);
    const dir = disk.at(parentOf(path as RelPath))!;
    this.superseding(disk, path, inode, () => void disk.unlink(dir, nameOf(path as RelPath)));
    this.touch(desk, path);
  }

  private move(desk: Desk, from: string, to: string): void {
    const { disk } = desk.place;
    const inode = disk.at(from)!;
    if (from === to || to.startsWith(`${from}/`) || disk.at(to)?.type === 'dir') return;
    const parent = this.parents(desk, to);
    if (parent === null || (inode.type === 'dir' && disk.at(to) !== null)) return;
    if (to.split('/').length > 3) return;
    this.say(desk, `move ${from} to ${to}`);
    const present = disk.at(to);
    const below: [string, Inode][] = [['', inode], ...(inode.type === 'dir' ? disk.walk(inode) : [])];
    const dir = disk.at(parentOf(from as RelPath))!;
    if (present !== null) this.superseding(disk, to, present, () => void disk.unlink(parent, nameOf(to as RelPath)));
    disk.rename(dir, nameOf(from as RelPath), parent, nameOf(to as RelPath));
    for (const [rest, each] of below) {
      const [was, is] = [join(from, rest), join(to, rest)];
      this.superseding(disk, was, each, () => {});
      this.ledger.allow(is, each.content);
      this.noteArrival(desk, is, each);
      this.wandering.add(each.content);
      this.touch(desk, was);
      this.touch(desk, is);
    }
  }

  private meta(desk: Desk, path: string, inode: Inode, random: Random): void {
    if (inode.type === 'symlink') return;
    this.say(desk, `touch ${path}`);
    const mode = inode.type === 'dir' ? random.pick([0o755, 0o700]) : random.pick([0o644, 0o600]);
    desk.place.disk.setMeta(inode, inode.type === 'dir' ? { mode } : { mode, mtime: this.mtime(desk) });
    this.ledger.touch(path, inode.content);
    this.wandering.add(inode.content);
    this.touchOtherNames(desk, inode);
    this.touch(desk, path);
  }

  private say(desk: Desk, what: string): void {
    this.world.say(() => `${desk.place.name}  ${what}`);
  }

  /** Notes that somebody was at `path`, and lets the watcher know, soon, late or never. */
  private touch(desk: Desk, path: string): void {
    const { random, weather } = this.world;
    this.touched.set(path, this.world.time);
    desk.place.dirty.add(path);
    if (random.chance(weather.lostHint)) return;
    const late = random.chance(0.1) ? 200 : 2;
    this.world.at(random.between(0, late), () => desk.hint(path as RelPath));
  }
}

/** Who has no leave to write in a file puts another one in its place. */
const isReadOnly = (inode: Inode | null): boolean => inode?.type === 'file' && (inode.mode & 0o200) === 0;

const join = (above: string, rest: string): string => (rest === '' ? above : `${above}/${rest}`);
