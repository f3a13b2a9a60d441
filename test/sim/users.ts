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
  readonly #world: World;
  readonly #ledger: Ledger;

  /** When a path was last touched, by side and path. */
  readonly touched = new Map<string, number>();
  /** By side and path, where somebody was there. */
  readonly touchedOn = new Set<string>();
  /** Contents that were moved or copied: they may turn up again later. */
  readonly wandering = new Set<string>();
  /** Who brought a content to a path last, by both. */
  readonly #brought = new Map<string, string>();

  constructor(
    world: World,
    ledger: Ledger,
    /** Whether server-a knows that both sides have `content` at `path`. */
    readonly isShared: (path: string, content: string) => boolean,
    /** The content that server-a believes both sides to have at `path`. */
    readonly sharedAt: (path: string) => string | null,
  ) {
    this.#world = world;
    this.#ledger = ledger;
  }

  randomPath(random: Random): string {
    const depth = random.chance(0.5) ? 1 : random.chance(0.6) ? 2 : 3;
    return Array.from({ length: depth }, () => random.pick(NAMES)).join('/');
  }

  /** One thing that somebody does. */
  act(lockService: Desk, kind: string, random: Random): void {
    const { disk } = lockService.place;
    disk.by = 'user';
    try {
      this.#actAs(lockService, kind, random);
    } finally {
      disk.by = 'engine';
    }
  }

  #actAs(lockService: Desk, kind: string, random: Random): void {
    const { disk } = lockService.place;
    const all = [...disk.walk()];
    const file = random.pick(all.filter(([, { type }]) => type !== 'dir'));
    const dir = random.pick(all.filter(([, { type }]) => type === 'dir'));
    const any = random.pick(all);
    const somewhere = this.randomPath(random);
    if (kind === 'create') this.#save(lockService, somewhere, random);
    else if (kind === 'save') this.#save(lockService, file?.[0] ?? somewhere, random);
    else if (kind === 'mkdir') this.#makeDirectory(lockService, somewhere);
    else if (kind === 'link') {
      this.#put(lockService, somewhere, disk.inode('symlink', random.pick(NAMES), 0o777, this.#mtime(lockService)));
    } else if (kind === 'delete' && file !== undefined) this.#remove(lockService, file[0]);
    else if (kind === 'remove-tree' && dir !== undefined) this.#remove(lockService, dir[0]);
    else if (kind === 'move' && file !== undefined) this.#move(lockService, file[0], somewhere);
    else if (kind === 'move-tree' && dir !== undefined) this.#move(lockService, dir[0], somewhere);
    else if (kind === 'meta' && any !== undefined) this.#meta(lockService, any[0], any[1], random);
    else if (kind === 'copy' && file?.[1].type === 'file') {
      this.wandering.add(file[1].content);
      this.#ledger.touch(somewhere, file[1].content);
      this.#put(lockService, somewhere, disk.inode('file', file[1].content, 0o644, this.#mtime(lockService)));
    }
  }

  /** A program saves `path`. */
  saveAt(lockService: Desk, path: string, random: Random): void {
    const { disk } = lockService.place;
    disk.by = 'user';
    this.#save(lockService, path, random);
    disk.by = 'engine';
  }

  /** Somebody brings a directory with many files. */
  bringMany(lockService: Desk, directory: string, count: number): void {
    const { disk } = lockService.place;
    disk.by = 'user';
    for (let n = 0; n < count; n++) {
      const content = this.#ledger.newContent(false);
      const inode = disk.inode('file', content, 0o644, this.#mtime(lockService));
      this.#put(lockService, `${directory}/${n}`, inode, true);
    }
    this.#say(lockService, `put ${count} files into ${directory}`);
    disk.by = 'engine';
  }

  /** Writes into the very file, from within an engine's write. @param elsewhere the disk of the other side. */
  saveInPlace(lockService: Desk, path: RelPath, elsewhere: SimDisk): void {
    const { disk } = lockService.place;
    const inode = disk.at(path);
    if (inode?.type !== 'file' || isReadOnly(inode)) return;
    disk.by = 'user';
    const content = this.#ledger.newContent(false);
    this.#ledger.loose.add(content);
    this.#world.say(() => `${lockService.place.name}  save ${path} = ${content} in the very moment`);
    const replaced = inode.content;
    const wasSuperseded = this.#ledger.isSuperseded(path, replaced);
    this.#replaceContent(lockService, path, inode, content, this.#mtime(lockService));
    // Where a power cut brought it back to the other side, that is the change: nobody saw that it was replaced here.
    if (!wasSuperseded && elsewhere.at(path)?.content === replaced) this.#ledger.allow(path, replaced);
    this.#touch(lockService, path);
    disk.by = 'engine';
  }

  /** A client's write puts `content` aside: it is to be had from now on, but need not be in place. */
  putAside(content: string): void {
    this.#ledger.loose.add(content);
    this.wandering.add(content);
  }

  mayStandAt(path: string, content: string): void {
    this.#ledger.allow(path, content);
    this.wandering.add(content);
  }

  /** A client's write took `content` away from `path`: it must not come back there. */
  takenAway(path: string, content: string): void {
    this.#ledger.supersede(path, content);
  }

  /** A client was told that `content` is safe. */
  promised(content: string): void {
    this.#ledger.promised.add(content);
  }

  #mtime(lockService: Desk): number {
    return Math.floor(lockService.now()) * 1000;
  }

  #save(lockService: Desk, path: string, random: Random): void {
    const { disk } = lockService.place;
    const content = this.#ledger.newContent(random.chance(0.1));
    const present = disk.at(path);
    const way = isReadOnly(present) ? 2 : random.below(4);
    if (present?.type === 'file' && way < 2) {
      this.#say(lockService, `save ${path} = ${content} (was ${present.content})${way === 0 ? ' in two steps' : ''}`);
      if (way === 0) {
        // Truncated first, filled a little later: others may be quicker.
        this.wandering.add(content);
        this.#replaceContent(lockService, path, present, '', this.#mtime(lockService));
        this.#touch(lockService, path);
        const fill = () => {
          if (lockService.place.disk !== disk || disk.at(path)?.ino !== present.ino) return;
          disk.by = 'user';
          this.#replaceContent(lockService, path, present, content, this.#mtime(lockService));
          this.#touch(lockService, path);
          disk.by = 'engine';
        };
        this.#world.at(random.between(0, 40), fill);
      } else {
        this.#replaceContent(lockService, path, present, content, this.#mtime(lockService));
        this.#touch(lockService, path);
      }
      return;
    }
    if (present?.type === 'file' && way === 2) {
      // By a temporary name and a rename, as editors do.
      this.#say(lockService, `save ${path} = ${content} by rename (was ${present.content})`);
      this.#put(lockService, path, disk.inode('file', content, present.mode, this.#mtime(lockService)), true);
      return;
    }
    this.#say(lockService, `save ${path} = ${content} anew`);
    this.#put(lockService, path, disk.inode('file', content, 0o644, this.#mtime(lockService)), true);
  }

  #replaceContent(lockService: Desk, path: string, inode: Inode, content: string, mtime: number): void {
    const { disk } = lockService.place;
    this.#ledger.written.add(content);
    this.#superseding(disk, path, inode, () => disk.write(inode, content, mtime));
    this.#ledger.allow(path, content);
    this.#touchOtherNames(lockService, inode);
  }

  /** A power cut may leave one file under two names: who writes by one name changes both, and no watcher tells of the other. */
  #touchOtherNames({ place }: Desk, inode: Inode): void {
    if (inode.links < 2) return;
    for (const [path, each] of place.disk.walk()) {
      if (each !== inode) continue;
      this.touched.set(path, this.#world.time);
      this.touchedOn.add(`${place.name} ${path}`);
      place.dirty.add(path);
    }
  }

  /** What `act` takes away from `path` must not come back there, unless a power cut takes back what was done. */
  #superseding(disk: SimDisk, path: string, { type, content }: Inode, act: () => void): void {
    // Of what the pair has not yet noted as shared it cannot be told whether its loss was meant.
    if (type === 'file' && this.isShared(path, content)) this.#ledger.supersede(path, content);
    act();
    if (type === 'file') disk.volatile(() => this.#ledger.allow(path, content));
  }

  /**
   * Somebody puts something where server-a knows what both sides have. Where that is not there (it was taken away by a step
   * that server-a never heard of, or by a power cut) it cannot know but that it was replaced: to be had, but not in place.
   */
  #standIn(path: string, present: Inode | null): void {
    const shared = this.sharedAt(path);
    if (shared !== null && present?.content !== shared) this.#ledger.loose.add(shared);
  }

  /** Puts something at a path; a file there is replaced, a directory stays as it is. */
  #put(lockService: Desk, path: string, inode: Inode, silent = false): void {
    const { disk } = lockService.place;
    const parent = this.#parents(lockService, path);
    const present = disk.at(path);
    if (parent === null || present?.type === 'dir') return;
    this.#standIn(path, present);
    if (!silent) this.#say(lockService, `put ${inode.type} ${path} = ${inode.content}`);
    if (present !== null) {
      this.#superseding(disk, path, present, () => void disk.unlink(parent, nameOf(path as RelPath)));
    }
    disk.link(parent, nameOf(path as RelPath), inode);
    if (inode.type === 'file') this.#ledger.allow(path, inode.content);
    this.#noteArrival(lockService, path, inode);
    this.#touch(lockService, path);
  }

  #noteArrival({ place }: Desk, path: string, { type, content }: Inode): void {
    if (type !== 'file') return;
    // What comes to where both sides have the same content has other times, at least.
    if (this.sharedAt(path) === content) this.#ledger.touch(path, content);
    // Where both people do the very same, who cannot see when takes the one for the other carried over, and what the one
    // undoes for undone: to be had, but not in place.
    const key = `${path} ${content}`;
    if ((this.#brought.get(key) ?? place.name) !== place.name) this.#ledger.loose.add(content);
    this.#brought.set(key, place.name);
  }

  #makeDirectory(lockService: Desk, path: string): void {
    if (this.#parents(lockService, path) === null || lockService.place.disk.at(path) !== null) return;
    this.#standIn(path, null);
    this.#say(lockService, `mkdir ${path}`);
    this.#makeOne(lockService, path);
  }

  #makeOne(lockService: Desk, path: string): void {
    const { disk } = lockService.place;
    disk.link(disk.at(parentOf(path as RelPath))!, nameOf(path as RelPath), disk.inode('dir', '', 0o755, 0));
    this.#touch(lockService, path);
  }

  /** Makes the directories above `path`. @returns the last, or null where a file is in the way. */
  #parents(lockService: Desk, path: string): Inode | null {
    const { disk } = lockService.place;
    const parent = parentOf(path as RelPath);
    if (parent === '') return disk.root;
    const present = disk.at(parent);
    if (present !== null) return present.type === 'dir' ? present : null;
    if (this.#parents(lockService, parent) === null) return null;
    this.#makeOne(lockService, parent);
    return disk.at(parent);
  }

  /** Takes something away, with all that is in it. */
  removeAt(lockService: Desk, path: string): void {
    const { disk } = lockService.place;
    disk.by = 'user';
    this.#remove(lockService, path);
    disk.by = 'engine';
  }

  #remove(lockService: Desk, path: string): void {
    this.#say(lockService, `delete ${path}`);
    this.#removeTree(lockService, path);
  }

  #removeTree(lockService: Desk, path: string): void {
    const { disk } = lockService.place;
    const inode = disk.at(path)!;
    for (const name of [...inode.children.keys()]) this.#removeTree(lockService, `${path}/${name}`);
    const dir = disk.at(parentOf(path as RelPath))!;
    this.#superseding(disk, path, inode, () => void disk.unlink(dir, nameOf(path as RelPath)));
    this.#touch(lockService, path);
  }

  #move(lockService: Desk, from: string, to: string): void {
    const { disk } = lockService.place;
    const inode = disk.at(from)!;
    if (from === to || to.startsWith(`${from}/`) || disk.at(to)?.type === 'dir') return;
    const parent = this.#parents(lockService, to);
    if (parent === null || (inode.type === 'dir' && disk.at(to) !== null)) return;
    if (to.split('/').length > 3) return;
    this.#say(lockService, `move ${from} to ${to}`);
    const present = disk.at(to);
    const below: [string, Inode][] = [['', inode], ...(inode.type === 'dir' ? disk.walk(inode) : [])];
    const dir = disk.at(parentOf(from as RelPath))!;
    if (present !== null) this.#superseding(disk, to, present, () => void disk.unlink(parent, nameOf(to as RelPath)));
    disk.rename(dir, nameOf(from as RelPath), parent, nameOf(to as RelPath));
    for (const [rest, each] of below) {
      const [was, is] = [join(from, rest), join(to, rest)];
      this.#superseding(disk, was, each, () => {});
      this.#ledger.allow(is, each.content);
      this.#noteArrival(lockService, is, each);
      this.wandering.add(each.content);
      this.#touch(lockService, was);
      this.#touch(lockService, is);
    }
  }

  #meta(lockService: Desk, path: string, inode: Inode, random: Random): void {
    if (inode.type === 'symlink') return;
    this.#say(lockService, `touch ${path}`);
    const mode = inode.type === 'dir' ? random.pick([0o755, 0o700]) : random.pick([0o644, 0o600]);
    lockService.place.disk.setMeta(inode, inode.type === 'dir' ? { mode } : { mode, mtime: this.#mtime(lockService) });
    this.#ledger.touch(path, inode.content);
    this.wandering.add(inode.content);
    this.#touchOtherNames(lockService, inode);
    this.#touch(lockService, path);
  }

  #say(lockService: Desk, what: string): void {
    this.#world.say(() => `${lockService.place.name}  ${what}`);
  }

  /** Notes that somebody was at `path`, and lets the watcher know, soon, late or never. */
  #touch(lockService: Desk, path: string): void {
    const { random, weather } = this.#world;
    this.touched.set(path, this.#world.time);
    this.touchedOn.add(`${lockService.place.name} ${path}`);
    lockService.place.dirty.add(path);
    if (random.chance(weather.lostHint)) return;
    const late = random.chance(0.1) ? 200 : 2;
    this.#world.at(random.between(0, late), () => lockService.hint(path as RelPath));
  }
}

/** Who has no leave to write in a file puts another one in its place. */
const isReadOnly = (inode: Inode | null): boolean => inode?.type === 'file' && (inode.mode & 0o200) === 0;

const join = (above: string, rest: string): string => (rest === '' ? above : `${above}/${rest}`);
