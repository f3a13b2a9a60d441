// Keeps what server-a knows of both sides: a snapshot of each, the archive, and the marks that say which paths may
// differ. Results of scans and changes are folded in here. Nothing in this folder writes a file; it records what is
// known, and halts the pair where that must not be trusted.
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

/** What the archive stores besides the entries. */
interface ArchiveNotes {
  readonly meta: ArchiveMeta;
  readonly losses: KnownLosses;
}

/** The state of one pair. */
export class Pair {
  readonly #store: StoreAccess;

  readonly a: SideState = nothingKnown();
  b: SideState = nothingKnown();
  readonly marks = new PathSet();
  /** Whether everything has to be compared, not only the marked paths. */
  everythingMarked = true;
  readonly meta: ArchiveMeta;
  /** Judges each scan. */
  readonly safety: Safety;
  readonly #losses: KnownLosses;
  readonly lostOutcomes = new LostOutcomes();
  readonly #reach = new Reach(this);
  /** Grows with every change that a listing shows. */
  generation = 1;

  /** How many entries were recorded as shared since the start. */
  records = 0;

  /**
   * @param store where the archive is written: entries to the table `archive`, its notes to tables of their own.
   * @param report reports to people what was done without asking them.
   */
  constructor(
    readonly archive: Snapshot,
    store: StoreAccess,
    notes: ArchiveNotes = { meta: new ArchiveMeta(), losses: new KnownLosses() },
    report: (text: string) => void = () => {},
  ) {
    this.#store = store;

    this.meta = notes.meta;
    this.#losses = notes.losses;
    this.meta.write = (key, value) => store.put(META_TABLE, key, value);
    this.#losses.write = (key, value) => store.put(GONE_TABLE, key, value);
    this.safety = new Safety(this, this.meta, this.#losses, report);
  }

  /** Whether the two roots have never agreed: then nothing was ever shared. */
  get firstContact(): boolean {
    return this.meta.get('firstContact') === true;
  }

  /** Whether a person may have to be asked: it is a first contact, or can become one, and nobody has agreed to it. */
  get isUnagreed(): boolean {
    return (this.firstContact && this.meta.get('agreed') !== true) || this.meta.get('roots') === null;
  }

  /** Knows the number of the last update that was ever held. Set by the session, which has the locks. */
  lockTable: { counter(name: 'held'): number } = { counter: () => 0 };

  /** The held updates of side b up to this one are those of a former partner; 0 where there was none. */
  get formerHeld(): number {
    return this.meta.get('formerHeld') ?? 0;
  }

  /** To be called where held updates were lost: the numbers of a former partner's are given out anew from here on. */
  limitFormerHeld(): void {
    const last = this.lockTable.counter('held');
    if (this.formerHeld > last) this.meta.put('formerHeld', last);
  }

  /** Set while locks may be lost and nobody has confirmed it. */
  locksHalt: Halt | null = null;

  /** The reasons why no file may be written: halts of the sides, of the archive and of the locks. */
  get halts(): Halt[] {
    return [this.a.halt, this.b.halt, ...this.safety.halts, this.locksHalt].filter((halt) => halt !== null);
  }

  side(side: Side): SideState {
    return side === 'a' ? this.a : this.b;
  }

  /** @returns the entry of `side` at `path`, as of its last scan or change. */
  entry(side: Side, path: RelPath): Entry | null {
    return entryOf(this.side(side).snapshot?.get(path) ?? null);
  }

  /** @returns what both sides last shared at `path`. */
  shared(path: RelPath): Entry | null {
    return entryOf(this.archive.get(path));
  }

  /** @param deep whether everything below `path` has to be compared, too. */
  mark(path: RelPath, deep = false): void {
    this.marks.add(path, deep);
  }

  markEverything(): void {
    this.everythingMarked = true;
  }

  /** Marks of claimed paths; they count again after the next `resumeMarks`. */
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

  /**
   * Folds in a scan of `side`.
   * @param now milliseconds since 1970.
   * @param isOpen whether a further scan of side b has to tell what is at a path: entries that a write may have overtaken
   *   are left out of `scan`.
   */
  foldScan(side: Side, scan: ScanResult, now: number, isOpen: (path: RelPath) => boolean = () => false): void {
    const state = this.side(side);
    foldStanding(state, scan);
    if (scan.halt !== null) {
      if (scan.halt.code === 'root-emptied' || scan.halt.code === 'mass-deletion') this.safety.lossReported(side);
      return;
    }
    this.#reach.note(side, scan);
    if (side === 'a' && scan.whole) this.meta.put('seenIsOld', null);
    if (scan.whole || state.snapshot === null) {
      state.snapshot = new Snapshot();
      this.markEverything();
    }
    for (const { path, entry } of scan.entries) {
      // A scan does not report the content of a vanished directory entry by entry, and the next scan may find a new
      // directory there. What was shared below an earlier directory is compared with what the new one has.
      const wasDirectory = state.snapshot.get(path)?.type === 'dir';
      const isGone = entry?.type !== 'dir' && wasDirectory;
      const isBack = entry?.type === 'dir' && !wasDirectory && this.archive.get(path)?.type === 'dir';
      state.snapshot.put(path, scan.whole ? shareEqual(this.archive, path, entry, side) : entry);
      if (!this.everythingMarked) this.marks.add(path, isGone || isBack);
    }
    if (scan.entries.length > 0 || scan.whole) this.generation++;
    state.damaged = scan.damaged ?? [];
    this.safety.judge(side, scan, now);
    if (this.safety.trusts('a') && this.safety.trusts('b')) this.#concedeDamage();
    if (side === 'b' && this.safety.trusts('b') && !this.firstContact) this.lostOutcomes.settle(this, isOpen);
    if (this.a.snapshot !== null && this.safety.trusts('b')) this.lostOutcomes.doubt(this);
  }

  /** A damaged file counts as shared: then the file of the other side is the change and replaces it. */
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

  /** Records what both sides share at `path` from now on. */
  agree(path: RelPath, entry: Entry | null): void {
    this.archive.put(path, entry);
    this.#store.put('archive', path, entry);
    this.#losses.settle(path);
    this.records++;
  }

  /**
   * When a directory is created again, entries shared in an earlier one that neither side has are forgotten. Paths out
   * of reach are kept: if they were forgotten, they would count as new once they are visible.
   */
  #forgetGoneBelow(directory: RelPath): void {
    const isGone = (path: RelPath) =>
      this.entry('a', path) === null && this.entry('b', path) === null && !this.isOutOfReach(path);
    for (const [path] of [...this.archive.walk(directory)]) if (isGone(path)) this.agree(path, null);
  }

  /** Makes the archive durable. Where that fails, the records stay pending. */
  flush(): void {
    this.#store.durable().catch(() => {});
  }

  /** Folds in that `change` was carried out on `side`: both sides share it. */
  foldDone(side: Side, change: Change): void {
    const snapshot = this.side(side).snapshot;
    if (snapshot === null) return;
    this.generation++;
    this.lostOutcomes.known(change.path);
    const after = asMade(change.after);
    if (change.from !== undefined) {
      this.lostOutcomes.known(change.from.path);
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

  /** Folds in that a client's `change` was carried out on `side`: it is a change of that side, not shared yet. */
  foldWritten(side: Side, { path, after, from }: Change): void {
    const { snapshot } = this.side(side);
    if (snapshot === null) return;
    this.generation++;
    // What a person deletes or renames through a client counts as an accepted loss.
    const gone = from?.path ?? (after === null ? path : null);
    if (gone !== null && this.archive.get(gone) !== null) this.#losses.add(side, gone);
    if (from !== undefined) {
      snapshot.move(from.path, path);
      this.mark(from.path, true);
    }
    snapshot.put(path, from === undefined ? asMade(after) : after);
    this.mark(path, true);
  }

  /** Whether `path` must not be written because one side ignores it or cannot tell what is there. */
  isOutOfReach(path: RelPath): boolean {
    return this.#reach.isOut(path);
  }

  /** Side b has disconnected: its snapshot stays for the listing, and everything is compared when it is back. */
  loseB(): void {
    foldStanding(this.b, { unsettled: 0, halt: null, problems: [] });
    this.safety.leave();
    this.markEverything();
  }

  /** Both sides agree for the first time: from now on the archive decides what was deleted. */
  endFirstContact(): void {
    this.meta.put('firstContact', null);
  }

  /** Side b has connected. @returns whether both roots are the known ones; otherwise nothing is known of side b. */
  meet(own: RootDescription, b: Introduction): boolean {
    const isKnown = this.safety.meet(own, b);
    if (!isKnown) this.b = nothingKnown();
    return isKnown;
  }

  /** Forgets everything that was shared, because a root is another one. Without an archive nothing is deleted. */
  beginFirstContact(): void {
    for (const name of [...this.archive.root.children.keys()]) this.agree(name as RelPath, null);
    this.#losses.clear();
    this.lostOutcomes.clear();
    this.meta.put('inSync', null);
    this.meta.put('firstContact', true);
    this.meta.put('agreed', null);
    this.meta.put('formerHeld', this.lockTable.counter('held'));
    this.markEverything();
  }
}

/** A new directory is writable for its owner, so that its content can follow; its own mode is set after that. */
const asMade = (after: Entry | null): Entry | null =>
  after?.type === 'dir' && (after.mode & 0o700) !== 0o700 ? { type: 'dir', mode: after.mode | 0o700 } : after;
