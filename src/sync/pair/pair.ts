// What server-a knows of both sides: a snapshot of each, the archive, and the marks that say where they may differ.
// Looks and outcomes are folded in here; nothing here decides.
import type { Change } from '../../core/change.js';
import { type Entry, sameEntry } from '../../core/entry.js';
import type { Introduction, RootDescription } from '../../core/partner.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import { PathSet } from '../../core/path-set.js';
import { entryOf, Snapshot, shareEqual } from '../../core/snapshot.js';
import type { StoreAccess } from '../../disk/state/store.js';
import type { ScanResult } from '../../replica.js';
import { ArchiveMeta, META_TABLE } from './archive-meta.js';
import type { Halt } from './halt-text.js';
import { GONE_TABLE, KnownLosses } from './known-losses.js';
import { LostOutcomes } from './lost-outcomes.js';
import { Reach } from './reach.js';
import { Safety } from './safety.js';
import { foldStanding, nothingKnown, type SideState } from './side-state.js';

/** What the archive says besides the entries. */
interface ArchiveNotes {
  readonly meta: ArchiveMeta;
  readonly losses: KnownLosses;
}

/** The pair as server-a sees it. */
export class Pair {
  readonly #store: StoreAccess;

  readonly a: SideState = nothingKnown();
  b: SideState = nothingKnown();
  readonly marks = new PathSet();
  /** Whether everything has to be compared, not only what is marked. */
  everythingMarked = true;
  readonly meta: ArchiveMeta;
  /** Judges each scan that is taken in. */
  readonly safety: Safety;
  readonly #losses: KnownLosses;
  readonly lostOutcomes = new LostOutcomes();
  readonly #reach = new Reach(this);
  /** Grows with every change of what a listing shows. */
  generation = 1;

  /** How often something was recorded as shared. */
  records = 0;

  /**
   * @param store where the archive's records go, under `archive`; its notes go there, too.
   * @param say tells people what was done without a question.
   */
  constructor(
    readonly archive: Snapshot,
    store: StoreAccess,
    notes: ArchiveNotes = { meta: new ArchiveMeta(), losses: new KnownLosses() },
    say: (text: string) => void = () => {},
  ) {
    this.#store = store;

    this.meta = notes.meta;
    this.#losses = notes.losses;
    this.meta.write = (key, value) => store.put(META_TABLE, key, value);
    this.#losses.write = (key, value) => store.put(GONE_TABLE, key, value);
    this.safety = new Safety(this, this.meta, this.#losses, say);
  }

  /** Whether the two roots have never been in step: then nothing was ever shared. */
  get firstContact(): boolean {
    return this.meta.get('firstContact') === true;
  }

  /** Set while locks may have been lost, and nobody has said yet that it is all right to go on. */
  locksHalt: Halt | null = null;

  /** Why no file may be touched: what the sides say, and what the archive says. */
  get halts(): Halt[] {
    return [this.a.halt, this.b.halt, ...this.safety.halts, this.locksHalt].filter((halt) => halt !== null);
  }

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

  /** Takes in what a look at `side` said. @param now milliseconds since 1970. */
  foldScan(side: Side, scan: ScanResult, now: number): void {
    const state = this.side(side);
    foldStanding(state, scan);
    if (scan.halt !== null) return;
    this.#reach.note(side, scan);
    if (scan.whole || state.snapshot === null) {
      state.snapshot = new Snapshot();
      this.markEverything();
    }
    for (const { path, entry } of scan.entries) {
      // What was in a directory that is gone is not told of one by one, and a new one may stand there at the next look.
      const isGone = entry?.type !== 'dir' && state.snapshot.get(path)?.type === 'dir';
      state.snapshot.put(path, scan.whole ? shareEqual(this.archive, path, entry, side) : entry);
      if (!this.everythingMarked) this.marks.add(path, isGone);
    }
    if (scan.entries.length > 0 || scan.whole) this.generation++;
    state.damaged = scan.damaged ?? [];
    this.safety.judge(side, scan, now);
    if (this.safety.trusts('a') && this.safety.trusts('b')) this.#concedeDamage();
    if (side === 'b' && this.safety.trusts('b') && !this.firstContact) this.lostOutcomes.settle(this);
  }

  /** Damage counts as what both sides shared: then what the other side has is the change, and takes its place. */
  #concedeDamage(): void {
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

  /** Records what both sides now share at `path`. */
  agree(path: RelPath, entry: Entry | null): void {
    this.archive.put(path, entry);
    this.#store.put('archive', path, entry);
    this.#losses.settle(path);
    this.records++;
  }

  /**
   * Where a directory is made anew, what was shared in an earlier one and is on neither side now is not shared. What cannot
   * be seen is not gone: forgotten, it would pass for new as soon as it can be.
   */
  #forgetGoneBelow(directory: RelPath): void {
    const isGone = (path: RelPath) =>
      this.entry('a', path) === null && this.entry('b', path) === null && !this.isOutOfReach(path);
    for (const [path] of [...this.archive.walk(directory)]) if (isGone(path)) this.agree(path, null);
  }

  /** Makes what is shared durable: a power cut forgets what came after. Where that fails it stays pending. */
  flush(): void {
    this.#store.durable().catch(() => {});
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
    if (change.conflictCopy !== undefined) {
      snapshot.put(change.conflictCopy, change.before);
      this.mark(change.conflictCopy);
    }
    snapshot.put(change.path, after);
    if (after?.type === 'dir' && change.before?.type !== 'dir') this.#forgetGoneBelow(change.path);
    this.agree(change.path, after);
    if (!sameEntry(this.entry(otherSide(side), change.path), after)) this.mark(change.path);
  }

  /** Takes in that a client's `change` was carried out on `side`: from now on it is that side's own, and still to go over. */
  foldWritten(side: Side, { path, after, from }: Change): void {
    const { snapshot } = this.side(side);
    if (snapshot === null) return;
    this.generation++;
    // What a person takes away through a client is meant to go.
    const gone = from?.path ?? (after === null ? path : null);
    if (gone !== null && this.archive.get(gone) !== null) this.#losses.add(side, gone);
    if (from !== undefined) {
      snapshot.move(from.path, path);
      this.mark(from.path, true);
    }
    snapshot.put(path, from === undefined ? asMade(after) : after);
    this.mark(path, true);
  }

  /** Whether `path` is not to be touched because one side ignores it or cannot say what is there. */
  isOutOfReach(path: RelPath): boolean {
    return this.#reach.isOut(path);
  }

  /** Side b went away: what was known of it stays for the listing, everything is compared when it is back. */
  loseB(): void {
    foldStanding(this.b, { unsettled: 0, halt: null, problems: [] });
    this.safety.leave();
    this.markEverything();
  }

  /** Both sides have come to agree for the first time: from now on there is an archive to go by. */
  endFirstContact(): void {
    this.meta.put('firstContact', null);
  }

  /** Side b comes. @returns whether both roots are the known ones; if not, nothing is known of side b. */
  meet(own: RootDescription, b: Introduction): boolean {
    const isKnown = this.safety.meet(own, b);
    if (!isKnown) this.b = nothingKnown();
    return isKnown;
  }

  /** Forgets all that was ever shared: the other root is another one. Nothing is deleted for want of an archive. */
  beginFirstContact(): void {
    for (const name of [...this.archive.root.children.keys()]) this.agree(name as RelPath, null);
    this.#losses.clear();
    this.meta.put('firstContact', true);
    this.markEverything();
  }
}

/** A directory is made writable for its owner, so that its contents can come; its own mode follows after them. */
const asMade = (after: Entry | null): Entry | null =>
  after?.type === 'dir' && (after.mode & 0o700) !== 0o700 ? { type: 'dir', mode: after.mode | 0o700 } : after;
