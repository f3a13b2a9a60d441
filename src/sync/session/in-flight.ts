// Scans and outcomes arrive over different connections and may overtake each other. What a scan says of a path that was
// written while the scan ran is neither surely older nor surely newer than what was written: it is not accepted, and
// the path is scanned by name when nobody writes there any more. Until then it is claimed as unconfirmed.
import type { Entry } from '../../core/entry.js';
import { parentOf, type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { ScanResult } from '../../replica.js';
import type { Claim, Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

type Entries = ScanResult['entries'];

/** What one side's scans cannot be believed about. A path may be doubtful, asked for and scanned at the same time. */
interface SideDoubts {
  /** Paths at which writing ended since the scan under way began. */
  readonly released: Set<RelPath>;
  /** What has to be asked for. */
  readonly doubtful: Set<RelPath>;
  /** What the next scan will report. */
  readonly asked: Set<RelPath>;
  /** What the scan under way will report. */
  readonly scanned: Set<RelPath>;
  /** What was asked for and lies where nothing can be seen. */
  readonly hidden: Set<RelPath>;
  /** One for each path that is doubtful, asked for or being scanned. */
  readonly claims: Map<RelPath, Claim>;
}

const noDoubts = (): SideDoubts => ({
  released: new Set(),
  doubtful: new Set(),
  asked: new Set(),
  scanned: new Set(),
  hidden: new Set(),
  claims: new Map(),
});

/** Separates what a scan can be believed about from what has to be asked again. */
export class InFlight {
  readonly #sides: Readonly<Record<Side, SideDoubts>> = { a: noDoubts(), b: noDoubts() };
  readonly #claims: Claims;
  readonly #pair: Pick<Pair, 'side'>;

  constructor(claims: Claims, pair: Pick<Pair, 'side'>) {
    this.#claims = claims;
    this.#pair = pair;
    claims.onRelease(({ path, writes }) => {
      for (const side of writes) this.release(side, path);
    });
  }

  /** Whether nothing has to be asked for. */
  get isIdle(): boolean {
    return this.#sides.a.doubtful.size === 0 && this.#sides.b.doubtful.size === 0;
  }

  scanBegins(side: Side): void {
    const { released, asked, scanned } = this.#sides[side];
    released.clear();
    for (const path of asked) scanned.add(path);
    asked.clear();
  }

  /** Something was written at `path`, or will not be. */
  release(side: Side, path: RelPath): void {
    this.#sides[side].released.add(path);
  }

  /** What was put at `path` may not be what was meant to be there: a scan has to confirm it. */
  markDirty(side: Side, path: RelPath): void {
    const { doubtful, claims } = this.#sides[side];
    doubtful.add(path);
    if (!claims.has(path)) claims.set(path, this.#claims.claim(path, 'unconfirmed'));
  }

  /** A scan has reported everything: accept it, except for paths that were written while it ran. */
  toldAll(side: Side): void {
    for (const path of this.#sides[side].released) this.markDirty(side, path);
  }

  /** @returns those of `entries` that cannot have been overtaken. */
  believed(side: Side, entries: Entries): Entries {
    const written = [...this.#claims.writing(side), ...this.#sides[side].released];
    const crowded = directoriesAbove(written);
    return entries.filter(({ path, entry }) => {
      const isCrowded = entry?.type !== 'dir' && crowded.has(path);
      const isDoubtful = isCrowded || this.#wasWritten(side, path);
      if (isDoubtful) this.#doubt(side, path, entry);
      if (isCrowded) for (const below of written) if (below.startsWith(`${path}/`)) this.markDirty(side, below);
      return !isDoubtful;
    });
  }

  /**
   * A directory that may be gone takes everything below it along, and a later scan may find another one of the same name:
   * that says nothing of what lay in the first.
   */
  #doubt(side: Side, path: RelPath, entry: Entry | null): void {
    this.markDirty(side, path);
    if (entry?.type === 'dir') return;
    for (const [below] of this.#pair.side(side).snapshot?.walk(path) ?? []) this.markDirty(side, below);
  }

  /** What lies below a path that is written goes or comes with it. */
  #wasWritten(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.#sides[side].released.has(at)) || this.#isWritten(side, path);
  }

  #isWritten(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.#claims.isWriting(side, at));
  }

  /** @returns what has to be asked for and is not being written now; it counts as asked for from here on. */
  takeDue(side: Side): RelPath[] {
    const { doubtful, asked } = this.#sides[side];
    if (doubtful.size === 0) return [];
    const crowded = directoriesAbove(this.#claims.writing(side));
    const due = [...doubtful].filter((path) => !crowded.has(path) && !this.#isWritten(side, path));
    for (const path of due) {
      doubtful.delete(path);
      asked.add(path);
    }
    return due;
  }

  /**
   * A scan of `side` has reported `paths`, for which it was asked, except for what it could not see: that is asked for
   * when it can be seen. The side would not report it by itself: what was written there through it is nothing new to it.
   */
  scanEnds(side: Side, paths: readonly RelPath[], unknown: readonly RelPath[]): void {
    const { hidden } = this.#sides[side];
    const unseen = new Set(unknown);
    const isHidden = (path: RelPath) => unseen.size > 0 && someAtOrAbove(path, (at) => unseen.has(at));
    for (const path of [...hidden]) {
      if (isHidden(path)) continue;
      hidden.delete(path);
      this.markDirty(side, path);
    }
    for (const path of paths) if (isHidden(path)) hidden.add(path);
    this.#endScan(side);
  }

  /** What the scan reported is confirmed, unless it has come into doubt again. */
  #endScan(side: Side): void {
    const { doubtful, asked, scanned, claims } = this.#sides[side];
    for (const path of scanned) {
      const claim = claims.get(path);
      if (claim === undefined || doubtful.has(path) || asked.has(path)) continue;
      claims.delete(path);
      this.#claims.release(claim);
    }
    scanned.clear();
  }

  /** A scan reported nothing; the next one is asked for the same. */
  scanFailed(side: Side): void {
    const { asked, scanned } = this.#sides[side];
    for (const path of scanned) asked.add(path);
    scanned.clear();
  }

  /** Side b is gone: everything will be reported anew. */
  forget(side: Side): void {
    const { claims, ...sets } = this.#sides[side];
    for (const claim of claims.values()) this.#claims.release(claim);
    for (const things of [claims, ...Object.values(sets)]) things.clear();
  }
}

function directoriesAbove(paths: Iterable<RelPath>): Set<RelPath> {
  const above = new Set<RelPath>();
  for (const path of paths) {
    for (let at = parentOf(path); at !== '' && !above.has(at); at = parentOf(at)) above.add(at);
  }
  return above;
}
