// The first step of a look: finds where the disk differs from what was last seen. It reads names and stats, no content,
// and changes nothing but the watches and the notes of what is in the way.
// Invariants: a directory's watch is armed before its names are read; nothing below a directory that could not be read
// is found absent; every path in `absent` is in the snapshot.
import type { Stats } from 'node:fs';
import type { DirEntry } from '../../core/entry.js';
import { joinPath, parentOf, type RelPath } from '../../core/path.js';
import type { Node } from '../../core/snapshot.js';
import { type FileSignature, modeOf, type StatSignature, sameSignature, statSignature } from '../fs/signature.js';
import { TimeSlice } from '../fs/time-slice.js';
import { highestUnsound, isKnownDir, type ScanContext, type Standing, standingAt, statsAt } from './context.js';
import { describe, type Entered, Entrance, type Listing } from './enter.js';
import { namesOf } from './hard-links.js';

const NOTHING: ReadonlyMap<string, Node> = new Map();

export class Survey implements Entered {
  /** What is new or differs, directories aside. */
  readonly changed = new Map<RelPath, StatSignature>();
  /** Directories that are new or have other permission bits. */
  readonly dirs = new Map<RelPath, DirEntry>();
  /** What is not there any more; the highest of each branch. */
  readonly absent = new Set<RelPath>();
  readonly left = new Set<RelPath>();
  readonly former = new Map<RelPath, RelPath>();
  readonly unreadable = new Set<RelPath>();
  readonly again = new Set<RelPath | ''>();
  readonly #context: ScanContext;
  readonly #slice = new TimeSlice();
  readonly #checked = new Map<string, boolean>();
  readonly #visited = new Set<RelPath | ''>();

  constructor(context: ScanContext) {
    this.#context = context;
  }

  /** Looks at the whole tree. */
  async all(): Promise<void> {
    const { problems, unsettled, linked } = this.#context;
    problems.clearBelow('');
    linked.clear();
    await this.#scan('', true);
    // What was in motion and is not found changed any more is as it was, or went away before it was ever told.
    for (const [path] of unsettled.all('files')) if (!this.changed.has(path)) unsettled.release(path);
  }

  /** Looks at `paths`; with a true value, a directory's names are read although it is the one that is known. */
  async at(paths: ReadonlyMap<RelPath | '', boolean>): Promise<void> {
    for (const [path, relist] of paths) await this.#visit(path, relist);
    // A Set's iteration goes on into what is added meanwhile.
    for (const path of this.left) await this.#visit(path, false);
    await this.#visitLinked();
  }

  /** The other names of files that were changed through one of theirs. */
  async #visitLinked(): Promise<void> {
    const { linked, snapshot } = this.#context;
    if (linked.size === 0) return;
    const names = namesOf(snapshot, linked);
    for (const path of names) await this.#visit(path, false);
    linked.clear();
  }

  /** @returns whether `path` went away with a directory that stands under another name now. */
  hasLeft(path: RelPath): boolean {
    if (this.left.size === 0) return false;
    for (let at: RelPath | '' = path; at !== ''; at = parentOf(at)) if (this.left.has(at)) return true;
    return false;
  }

  async #visit(path: RelPath | '', relist: boolean): Promise<void> {
    if (this.#slice.isTired) await this.#slice.rest();
    const top = highestUnsound(this.#context, path, this.#checked);
    if (top !== path) {
      // Where its directory is not what it was, what was in motion in it is found anew, or has gone.
      this.#context.unsettled.release(path as RelPath);
      return this.#visit(top, false);
    }
    if (this.#visited.has(path) && !relist) return;
    this.#visited.add(path);
    const standing = standingAt(this.#context.absolute(path));
    if (path !== '' && this.#isIgnored(path, standing)) {
      this.#context.unsettled.release(path);
      return;
    }
    if (isDir(standing) && (relist || !isKnownDir(this.#context, path, standing))) await this.#scan(path, false);
    if (path !== '') this.#compare(path, standing, this.#context.snapshot.get(path));
  }

  #isIgnored(path: RelPath, standing: Standing): boolean {
    return standing !== null && this.#context.rules.ignores(path, isDir(standing));
  }

  async #scan(from: RelPath | '', everything: boolean): Promise<void> {
    const listings = await new Entrance(this.#context, this, from, everything).listings();
    this.#checked.clear();
    for (const listing of listings) {
      if (!everything) this.#visited.add(listing.path);
      await this.#compareListing(listing);
    }
  }

  async #compareListing({ path: dir, names }: Listing): Promise<void> {
    const absolute = this.#context.absolute(dir);
    const stats = statsAt(absolute);
    // RACE: were it swapped for a link just now, the names would be another directory's. An event follows in any case.
    if (stats === null || !this.#context.directories.isSame(dir, stats)) {
      this.again.add(dir);
      return;
    }
    const children = childrenOf(this.#context.snapshot.get(dir));
    let known = 0;
    for (const name of names) {
      const child = children.get(name) ?? null;
      if (child !== null) known++;
      this.#compareNamed(dir, name, `${absolute}/${name}`, child);
      if (this.#slice.isTired) await this.#slice.rest();
    }
    if (known < children.size) this.#findAbsent(dir, children, new Set(names));
  }

  #findAbsent(dir: RelPath | '', children: ReadonlyMap<string, Node>, names: ReadonlySet<string>): void {
    for (const name of children.keys()) if (!names.has(name)) this.absent.add(joinPath(dir, name));
  }

  #compareNamed(dir: RelPath | '', name: string, absolute: string, node: Node | null): void {
    const standing = standingAt(absolute);
    // Most files are as they were: for those not even a path is put together.
    if (this.#context.unsettled.size === 0 && isUnchanged(standing, node)) return;
    this.#compare(joinPath(dir, name), standing, node);
  }

  #compare(path: RelPath, standing: Standing, node: Node | null): void {
    const { unsettled, problems } = this.#context;
    if (standing === null) this.#foundNothing(path, node);
    else if (standing instanceof Error) {
      unsettled.release(path);
      problems.add(path, 'unreadable', `${path} cannot be looked at: ${describe(standing)}.`);
    } else if (standing.isDirectory()) this.#foundDir(path, standing, node);
    else if (isUnchanged(standing, node)) {
      unsettled.release(path);
      problems.clear(path);
    } else {
      if (isChangedLinked(standing, node)) this.#context.linked.add(standing.ino);
      this.changed.set(path, statSignature(standing));
    }
  }

  #foundNothing(path: RelPath, node: Node | null): void {
    this.#context.problems.clearBelow(path);
    if (node !== null) this.absent.add(path);
    else this.#context.unsettled.release(path);
  }

  /** A directory that moved and cannot be read is what it was; otherwise nothing is known of one. */
  #carryOver(path: RelPath): void {
    const former = this.former.get(path);
    const node = former === undefined ? null : this.#context.snapshot.get(former);
    if (node?.type === 'dir') this.dirs.set(path, { type: 'dir', mode: node.mode });
  }

  #foundDir(path: RelPath, stats: Stats, node: Node | null): void {
    const { directories, unsettled, problems } = this.#context;
    // Not the one that was entered: replaced since.
    if (!directories.isSame(path, stats)) {
      this.again.add(path);
      return;
    }
    unsettled.release(path);
    if (this.unreadable.has(path)) {
      this.#carryOver(path);
      return;
    }
    problems.clear(path);
    const reported = node?.type === 'dir' ? (directories.heldMode(path) ?? node.mode) : null;
    if (modeOf(stats) !== reported) this.dirs.set(path, { type: 'dir', mode: modeOf(stats) });
  }
}

const childrenOf = (node: Node | null): ReadonlyMap<string, Node> => (node?.type === 'dir' ? node.children : NOTHING);

/** Whether a file that has several names is known, and changed. */
const isChangedLinked = (stats: Stats, node: Node | null): boolean =>
  stats.nlink > 1 &&
  node?.type === 'file' &&
  (node as FileSignature).ino === stats.ino &&
  !sameSignature(node as FileSignature, stats);

const isDir = (standing: Standing): standing is Stats =>
  standing !== null && !(standing instanceof Error) && standing.isDirectory();

/** @returns whether the file that was seen still stands there, and its signature proves it. */
export function isUnchanged(standing: Standing, node: Node | null): boolean {
  if (standing === null || standing instanceof Error || node?.type !== 'file' || !standing.isFile()) return false;
  const seen = node as FileSignature;
  return !seen.racy && sameSignature(seen, standing);
}
