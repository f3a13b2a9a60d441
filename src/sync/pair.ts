// What server-a knows of both sides: a snapshot of each, the archive, and the marks that say where they may differ.
// Looks and outcomes are folded in here; nothing here decides.
import type { Change } from '../core/change.js';
import { type Entry, sameEntry } from '../core/entry.js';
import { otherSide, type RelPath, type Side, someAtOrAbove } from '../core/path.js';
import { PathSet } from '../core/path-set.js';
import { entryOf, Snapshot, shareEqual } from '../core/snapshot.js';
import { IgnoreRules } from '../disk/ignore-rules.js';
import type { StoreAccess } from '../disk/store.js';
import type { Look } from './replica.js';
import { foldStanding, nothingKnown, type SideState } from './side-state.js';
import { Stranger } from './stranger.js';
import { Unrecorded } from './unrecorded.js';

/** The pair as server-a sees it. */
export class Pair {
  readonly a: SideState = nothingKnown();
  b: SideState = nothingKnown();
  readonly marks = new PathSet();
  /** Whether everything has to be compared, not only what is marked. */
  everythingMarked = true;
  /** Whether the two roots have never been in step: then nothing was ever shared. */
  firstContact = false;
  /** The root that came as side b, while it is not known whether it is meant to be there. */
  stranger: Stranger | null = null;
  readonly unrecorded = new Unrecorded();
  private rulesDiffer = false;
  /** Grows with every change of what a listing shows. */
  generation = 1;

  /** @param store where the archive's records go, under `archive`. */
  constructor(
    readonly archive: Snapshot,
    private readonly store: StoreAccess,
  ) {}

  side(side: Side): SideState {
    return side === 'a' ? this.a : this.b;
  }

  /** @returns what `side` has at `path`, as last seen. */
  entry(side: Side, path: RelPath): Entry | null {
    return entryOf(this.side(side).snapshot?.get(path) ?? null);
  }

  /** @returns what both sides last shared at `path`. */
  shared(path: RelPath): Entry | null {
    return entryOf(this.archive.get(path));
  }

  /** @param deep whether everything below `path` is to be compared too. */
  mark(path: RelPath, deep = false): void {
    this.marks.add(path, deep);
  }

  markEverything(): void {
    this.everythingMarked = true;
  }

  /** Those marks that hit something pinned; they count again at the next `resumeMarks`. */
  readonly postponed = new PathSet();

  resumeMarks(): void {
    this.marks.addMarks('', this.postponed.root);
    this.postponed.clear();
  }

  get hasMarks(): boolean {
    return this.everythingMarked || this.marks.size > 0;
  }

  clearMarks(): void {
    this.marks.clear();
    this.everythingMarked = false;
  }

  /** Takes in what a look at `side` said. */
  foldLook(side: Side, look: Look): void {
    const state = this.side(side);
    foldStanding(state, look);
    if (look.halt !== null) return;
    this.changeUnknown(state, look.unknown);
    if (look.rules.join('\n') !== state.rules.lines.join('\n')) this.changeRules(state, look.rules);
    if (look.whole || state.snapshot === null) {
      state.snapshot = new Snapshot();
      this.markEverything();
    }
    for (const { path, entry } of look.entries) {
      // What was in a directory that is gone is not told of one by one, and a new one may stand there at the next look.
      const isGone = entry?.type !== 'dir' && state.snapshot.get(path)?.type === 'dir';
      state.snapshot.put(path, look.whole ? shareEqual(this.archive, path, entry, side) : entry);
      if (!this.everythingMarked) this.marks.add(path, isGone);
    }
    if (look.entries.length > 0 || look.whole) this.generation++;
    state.damaged = look.damaged ?? [];
    this.concedeDamage();
    if (side === 'b' && this.stranger !== null) {
      state.halt = this.stranger.judge(state.snapshot.files);
      if (state.halt === null) this.stranger = null;
    }
    if (side === 'b' && this.stranger === null && !this.firstContact) this.unrecorded.settle(this);
  }

  /** What is known again is compared again. */
  private changeUnknown(state: SideState, unknown: readonly RelPath[]): void {
    const still = new Set(unknown);
    for (const path of state.unknown) {
      if (!still.has(path)) this.mark(path, true);
    }
    state.unknown = still;
  }

  private isDirectory(path: RelPath): boolean {
    return this.a.snapshot?.get(path)?.type === 'dir' || this.b.snapshot?.get(path)?.type === 'dir';
  }

  /** What has become ignored is forgotten, so that its absence on one side is never taken for a deletion. */
  private changeRules(state: SideState, lines: readonly string[]): void {
    state.rules = new IgnoreRules(lines);
    this.rulesDiffer = this.a.rules.lines.join('\n') !== this.b.rules.lines.join('\n');
    for (const path of this.ignoredIn(this.archive, state.rules)) this.agree(path, null);
    if (state.snapshot !== null) {
      for (const path of this.ignoredIn(state.snapshot, state.rules)) state.snapshot.put(path, null);
    }
    this.markEverything();
  }

  /** Damage counts as what both sides shared: then what the other side has is the change, and takes its place. */
  private concedeDamage(): void {
    for (const side of ['a', 'b'] as const) {
      for (const path of this.side(side).damaged) {
        const here = this.entry(side, path);
        const there = this.entry(otherSide(side), path);
        if (here?.type !== 'file' || there?.type !== 'file' || there.size <= here.size) continue;
        this.agree(path, here);
        this.mark(path);
      }
    }
  }

  private ignoredIn(snapshot: Snapshot, rules: IgnoreRules): RelPath[] {
    const all = [...snapshot.walk()];
    return all.filter(([path, node]) => rules.ignores(path, node.type === 'dir')).map(([path]) => path);
  }

  /** Records what both sides now share at `path`. */
  agree(path: RelPath, entry: Entry | null): void {
    this.archive.put(path, entry);
    this.store.put('archive', path, entry);
  }

  /**
   * Where a directory is made anew, what was shared in an earlier one and is on neither side now is not shared. What cannot
   * be seen is not gone: forgotten, it would pass for new as soon as it can be.
   */
  private forgetGoneBelow(directory: RelPath): void {
    const isGone = (path: RelPath) =>
      this.entry('a', path) === null && this.entry('b', path) === null && !this.isOutOfReach(path);
    for (const [path] of [...this.archive.walk(directory)]) if (isGone(path)) this.agree(path, null);
  }

  /** Makes what is shared durable: a power cut forgets what came after. Where that fails it stays pending. */
  flush(): void {
    this.store.durable().catch(() => {});
  }

  /** Takes in that `change` was carried out on `side`. */
  foldDone(side: Side, change: Change): void {
    const snapshot = this.side(side).snapshot;
    if (snapshot === null) return;
    this.generation++;
    const after = asMade(change.after);
    if (change.from !== undefined) {
      snapshot.put(change.from.path, null);
      this.agree(change.from.path, null);
    }
    if (change.keepAs !== undefined) {
      snapshot.put(change.keepAs, change.before);
      this.mark(change.keepAs);
    }
    snapshot.put(change.path, after);
    if (after?.type === 'dir' && change.before?.type !== 'dir') this.forgetGoneBelow(change.path);
    this.agree(change.path, after);
    if (!sameEntry(this.entry(otherSide(side), change.path), after)) this.mark(change.path);
  }

  /** Takes in that a client's `change` was carried out on `side`: from now on it is that side's own, and still to go over. */
  foldWritten(side: Side, { path, after, from }: Change): void {
    const { snapshot } = this.side(side);
    if (snapshot === null) return;
    this.generation++;
    if (from !== undefined) {
      snapshot.move(from.path, path);
      this.mark(from.path, true);
    }
    snapshot.put(path, from === undefined ? asMade(after) : after);
    this.mark(path, true);
  }

  /** Whether `path` is not to be touched because one side ignores it or cannot say what is there. */
  isOutOfReach(path: RelPath): boolean {
    return this.isIgnored(path) || this.isUnknown(path);
  }

  /** Each side leaves out what its own rules exclude; where they differ, what either excludes is left alone. */
  private isIgnored(path: RelPath): boolean {
    if (!this.rulesDiffer) return false;
    const isDir = this.isDirectory(path);
    return this.a.rules.ignores(path, isDir) || this.b.rules.ignores(path, isDir);
  }

  private isUnknown(path: RelPath): boolean {
    if (this.a.unknown.size === 0 && this.b.unknown.size === 0) return false;
    return someAtOrAbove(path, (at) => this.a.unknown.has(at) || this.b.unknown.has(at));
  }

  /** Side b went away: what was known of it stays for the listing, everything is compared when it is back. */
  loseB(): void {
    foldStanding(this.b, { unsettled: 0, halt: null, problems: [] });
    this.markEverything();
  }

  /** Both sides have come to agree for the first time: from now on there is an archive to go by. */
  endFirstContact(): void {
    this.firstContact = false;
    this.store.put('meta', 'firstContact', null);
  }

  /** Side b is another root than before. @param adopted called once it is taken for the pair's own. */
  meetStranger(adopted: () => void): void {
    this.b = nothingKnown();
    this.stranger = new Stranger(this.archive.files, () => {
      this.beginFirstContact();
      adopted();
    });
  }

  /** Forgets all that was ever shared: the other root is another one. Nothing is deleted for want of an archive. */
  private beginFirstContact(): void {
    for (const name of [...this.archive.root.children.keys()]) this.agree(name as RelPath, null);
    this.firstContact = true;
    this.store.put('meta', 'firstContact', true);
    this.markEverything();
  }
}

/** A directory is made writable for its owner, so that its contents can come; its own mode follows after them. */
const asMade = (after: Entry | null): Entry | null =>
  after?.type === 'dir' && (after.mode & 0o700) !== 0o700 ? { type: 'dir', mode: after.mode | 0o700 } : after;
