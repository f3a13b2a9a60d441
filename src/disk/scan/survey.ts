// The first step of a scan: finds where the disk differs from the snapshot. It reads names and stats, no content, and
// changes only watches and problems.
// Invariants: a directory is watched before its names are read; nothing below an unreadable directory counts as absent;
// every path in `absent` is in the snapshot.
import type { Stats } from 'node:fs';
import type { DirEntry } from '../../core/entry.js';
import { joinPath, parentOf, type RelPath } from '../../core/path.js';
import type { Node } from '../../core/snapshot.js';
import { type FileSignature, modeOf, type StatSignature, sameSignature, statSignature } from '../fs/signature.js';
import { TimeSlice } from '../fs/time-slice.js';
import {
  doubtIfOther,
  highestUnsound,
  isKnownDir,
  type LstatResult,
  lstatAt,
  type ScanContext,
  statsAt,
} from './context.js';
import { describe, type Entered, Entrance, type Listing } from './enter.js';
import { namesOf } from './hard-links.js';

const NOTHING: ReadonlyMap<string, Node> = new Map();

/** What differs from the snapshot. */
export class Survey implements Entered {
  /** What is new or differs, except directories. */
  readonly changed = new Map<RelPath, StatSignature>();
  /** Directories that are new or have other permission bits. */
  readonly dirs = new Map<RelPath, DirEntry>();
  /** What is missing; of a missing directory only its own path. */
  readonly absent = new Set<RelPath>();
  readonly left = new Set<RelPath>();
  readonly former = new Map<RelPath, RelPath>();
  readonly unreadable = new Set<RelPath>();
  readonly again = new Set<RelPath | ''>();
  readonly #context: ScanContext;
  readonly #slice = new TimeSlice();
  readonly #checked = new Map<string, boolean>();
  readonly #visited = new Set<RelPath | ''>();
  /** Directories whose names were compared; those below that were known already were not read again. */
  readonly #read = new Set<RelPath | ''>();

  constructor(context: ScanContext) {
    this.#context = context;
  }

  /** Surveys the whole tree. */
  async all(): Promise<void> {
    const { problems, unsettled, linked } = this.#context;
    problems.clearBelow('');
    linked.clear();
    await this.#enter('', true);
    // An unsettled path that does not differ any more is as it was before, or vanished before it was ever reported.
    for (const [path] of unsettled.all('files')) if (!this.changed.has(path)) unsettled.release(path);
  }

  /** Surveys `paths`; the value true makes it read the names of a directory even if that one is known and unchanged. */
  async at(paths: ReadonlyMap<RelPath | '', boolean>): Promise<void> {
    for (const [path, relist] of paths) await this.#visit(path, relist);
    // The loop also visits paths that are added to the set while it runs.
    for (const path of this.left) await this.#visit(path, false);
    await this.#visitLinked();
  }

  /** Visits the other names of hard-linked files that changed. */
  async #visitLinked(): Promise<void> {
    const { linked, snapshot } = this.#context;
    if (linked.size === 0) return;
    const names = namesOf(snapshot, linked);
    for (const path of names) await this.#visit(path, false);
    linked.clear();
  }

  /** @returns whether `path` is absent because a directory at or above it was moved. */
  hasLeft(path: RelPath): boolean {
    if (this.left.size === 0) return false;
    for (let at: RelPath | '' = path; at !== ''; at = parentOf(at)) if (this.left.has(at)) return true;
    return false;
  }

  async #visit(path: RelPath | '', relist: boolean): Promise<void> {
    if (this.#slice.isTired) {
      await this.#slice.rest();
      this.#checked.clear();
    }
    if (path !== '' && !(await this.#reaches(path, relist))) return;
    if (this.#visited.has(path) && !relist) return;
    this.#visited.add(path);
    const lstat = lstatAt(this.#context.absolute(path));
    if (path !== '' && this.#isIgnored(path, lstat)) {
      this.#context.unsettled.release(path);
      return;
    }
    if (!isDir(lstat)) this.#context.directories.doubt(path);
    else if (relist || !isKnownDir(this.#context, path, lstat)) await this.#enter(path, false);
    if (path !== '') this.#compare(path, lstat, this.#context.snapshot.get(path));
  }

  /**
   * Visits the directories above `path` that are other ones now, or have other permission bits.
   * @returns whether `path` is still to be visited: it is in a directory that is known and was not read again, or its
   *   own names are to be read.
   */
  async #reaches(path: RelPath, relist: boolean): Promise<boolean> {
    for (let before: RelPath | '' | null = null; ; ) {
      const top = highestUnsound(this.#context, path, this.#checked, (dir) => this.#read.has(dir));
      if (top === path) return true;
      this.#context.unsettled.release(path);
      if (top === before || this.#visited.has(top)) {
        // RACE: it changed since it was visited. The hint of `path` is taken, so all of it must be read.
        this.#context.directories.doubt(top);
        return false;
      }
      await this.#visit(top, false);
      if (!relist && this.#read.has(parentOf(path))) return false;
      before = top;
    }
  }

  #isIgnored(path: RelPath, lstat: LstatResult): boolean {
    return lstat !== null && this.#context.rules.ignores(path, isDir(lstat));
  }

  async #enter(from: RelPath | '', everything: boolean): Promise<void> {
    const listings = await new Entrance(this.#context, this, from, everything).listings();
    this.#checked.clear();
    for (const listing of listings) {
      if (!everything) this.#visited.add(listing.path);
      if ((await this.#compareListing(listing)) && !everything) this.#read.add(listing.path);
    }
  }

  /** @returns whether the names and their stats are those of the directory that is at this path. */
  async #compareListing({ path: dir, names }: Listing): Promise<boolean> {
    const absolute = this.#context.absolute(dir);
    if (this.#isOther(dir)) return false;
    const children = childrenOf(this.#context.snapshot.get(dir));
    let known = 0;
    for (const name of names) {
      const child = children.get(name) ?? null;
      if (child !== null) known++;
      this.#compareNamed(dir, name, `${absolute}/${name}`, child);
      if (this.#slice.isTired) await this.#slice.rest();
    }
    if (known < children.size) this.#findAbsent(dir, children, new Set(names));
    return !this.#isOther(dir);
  }

  /** RACE: the directory was moved, or replaced by another one or a link, since it was read. */
  #isOther(dir: RelPath | ''): boolean {
    const isOther = doubtIfOther(this.#context, dir, statsAt(this.#context.absolute(dir)));
    if (isOther) this.again.add(dir);
    return isOther;
  }

  #findAbsent(dir: RelPath | '', children: ReadonlyMap<string, Node>, names: ReadonlySet<string>): void {
    for (const name of children.keys()) if (!names.has(name)) this.absent.add(joinPath(dir, name));
  }

  #compareNamed(dir: RelPath | '', name: string, absolute: string, node: Node | null): void {
    const lstat = lstatAt(absolute);
    // Most files are unchanged; for those, do not even build a path.
    if (this.#context.unsettled.size === 0 && isUnchanged(lstat, node)) return;
    this.#compare(joinPath(dir, name), lstat, node);
  }

  #compare(path: RelPath, lstat: LstatResult, node: Node | null): void {
    const { unsettled, problems } = this.#context;
    if (lstat === null) this.#foundNothing(path, node);
    else if (lstat instanceof Error) {
      unsettled.release(path);
      problems.add(path, 'unreadable', `${path} cannot be looked at: ${describe(lstat)}.`);
    } else if (lstat.isDirectory()) this.#foundDir(path, lstat, node);
    else if (isUnchanged(lstat, node)) {
      unsettled.release(path);
      problems.clear(path);
    } else {
      if (isChangedLinked(lstat, node)) this.#context.linked.add(lstat.ino);
      this.changed.set(path, statSignature(lstat));
    }
  }

  #foundNothing(path: RelPath, node: Node | null): void {
    this.#context.problems.clearBelow(path);
    if (node !== null) this.absent.add(path);
    else this.#context.unsettled.release(path);
  }

  /** Keeps the mode of a directory that was moved and cannot be read; of any other unreadable one nothing is known. */
  #carryOver(path: RelPath): void {
    const former = this.former.get(path);
    const node = former === undefined ? null : this.#context.snapshot.get(former);
    if (node?.type === 'dir') this.dirs.set(path, { type: 'dir', mode: node.mode });
  }

  #foundDir(path: RelPath, stats: Stats, node: Node | null): void {
    const { directories, unsettled, problems } = this.#context;
    if (this.unreadable.has(path)) {
      unsettled.release(path);
      this.#carryOver(path);
      return;
    }
    // RACE: it was replaced after it was entered.
    if (!directories.isSame(path, stats)) {
      this.again.add(path);
      return;
    }
    unsettled.release(path);
    problems.clear(path);
    const reported = node?.type === 'dir' ? (directories.heldMode(path) ?? node.mode) : null;
    if (modeOf(stats) !== reported) this.dirs.set(path, { type: 'dir', mode: modeOf(stats) });
  }
}

const childrenOf = (node: Node | null): ReadonlyMap<string, Node> => (node?.type === 'dir' ? node.children : NOTHING);

/** Whether a known file with several names has changed. */
const isChangedLinked = (stats: Stats, node: Node | null): boolean =>
  stats.nlink > 1 &&
  node?.type === 'file' &&
  (node as FileSignature).ino === stats.ino &&
  !sameSignature(node as FileSignature, stats);

const isDir = (lstat: LstatResult): lstat is Stats =>
  lstat !== null && !(lstat instanceof Error) && lstat.isDirectory();

/** @returns whether the signature proves that the file is still the one in the snapshot. */
export function isUnchanged(lstat: LstatResult, node: Node | null): boolean {
  if (lstat === null || lstat instanceof Error || node?.type !== 'file' || !lstat.isFile()) return false;
  const seen = node as FileSignature;
  return !seen.racy && sameSignature(seen, lstat);
}
