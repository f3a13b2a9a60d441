// Scans and outcomes of writes arrive over different connections and can overtake each other. A scan entry for a path
// that was written while the scan ran may be older or newer than the write, so it is not accepted: the path is claimed
// as unconfirmed, and scanned by name once nobody writes there any more.
import type { Entry } from '../../core/entry.js';
import { parentOf, type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { ScanResult } from '../../replica.js';
import type { Claim, Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';

type Entries = ScanResult['entries'];

/**
 * The paths of one side whose scan entries are not accepted yet. A path can be in several sets at the same time.
 */
interface UnconfirmedPaths {
  /** Paths at which a write ended since the running scan began. */
  readonly released: Set<RelPath>;
  /** Paths to request in the next scan. */
  readonly unconfirmed: Set<RelPath>;
  /** Paths that are requested and not yet being scanned. */
  readonly requested: Set<RelPath>;
  /** Paths that the running scan was asked for. */
  readonly scanned: Set<RelPath>;
  /** Requested paths that the side could not see. They are requested again once they are visible. */
  readonly hidden: Set<RelPath>;
  /** One claim for each path that is unconfirmed, requested or being scanned. */
  readonly claims: Map<RelPath, Claim>;
}

const noPaths = (): UnconfirmedPaths => ({
  released: new Set(),
  unconfirmed: new Set(),
  requested: new Set(),
  scanned: new Set(),
  hidden: new Set(),
  claims: new Map(),
});

/** Decides which scan entries are accepted and which paths have to be scanned again. */
export class InFlight {
  readonly #sides: Readonly<Record<Side, UnconfirmedPaths>> = { a: noPaths(), b: noPaths() };
  readonly #claims: Claims;
  readonly #pair: Pick<Pair, 'side'>;

  constructor(claims: Claims, pair: Pick<Pair, 'side'>) {
    this.#claims = claims;
    this.#pair = pair;
    claims.onRelease(({ path, writes }) => {
      for (const side of writes) this.release(side, path);
    });
  }

  /** Whether no path has to be scanned again. */
  get isIdle(): boolean {
    return this.#sides.a.unconfirmed.size === 0 && this.#sides.b.unconfirmed.size === 0;
  }

  scanBegins(side: Side): void {
    const { released, requested, scanned } = this.#sides[side];
    released.clear();
    for (const path of requested) scanned.add(path);
    requested.clear();
  }

  /** A write at `path` has ended, whatever its outcome. */
  release(side: Side, path: RelPath): void {
    this.#sides[side].released.add(path);
  }

  /** The content at `path` may differ from what was written: a scan has to confirm it. */
  markDirty(side: Side, path: RelPath): void {
    const { unconfirmed, claims } = this.#sides[side];
    unconfirmed.add(path);
    if (!claims.has(path)) claims.set(path, this.#claims.claim(path, 'unconfirmed'));
  }

  /** A scan has reported the whole side: accept it, except for paths that were written while it ran. */
  scannedAll(side: Side): void {
    for (const path of this.#sides[side].released) this.markDirty(side, path);
  }

  /** @returns those of `entries` that no write can have overtaken. */
  accepted(side: Side, entries: Entries): Entries {
    const written = [...this.#claims.writing(side), ...this.#sides[side].released];
    const parents = directoriesAbove(written);
    return entries.filter(({ path, entry }) => {
      const isAboveWrite = entry?.type !== 'dir' && parents.has(path);
      const isOvertaken = isAboveWrite || this.#wasWritten(side, path);
      if (isOvertaken) this.#reject(side, path, entry);
      if (isAboveWrite) for (const below of written) if (below.startsWith(`${path}/`)) this.markDirty(side, below);
      return !isOvertaken;
    });
  }

  /**
   * A directory that vanished takes everything below it along. If a later scan finds a new directory of the same name,
   * that says nothing about the content of the old one, so every path below is scanned again.
   */
  #reject(side: Side, path: RelPath, entry: Entry | null): void {
    this.markDirty(side, path);
    if (entry?.type === 'dir') return;
    for (const [below] of this.#pair.side(side).snapshot?.walk(path) ?? []) this.markDirty(side, below);
  }

  /** A write at a path also creates or removes what lies below it. */
  #wasWritten(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.#sides[side].released.has(at)) || this.#isWritten(side, path);
  }

  #isWritten(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.#claims.isWriting(side, at));
  }

  /** Whether a further scan has to tell what is at `path`, because the last one may have been overtaken. */
  isOpen(side: Side, path: RelPath): boolean {
    const { claims } = this.#sides[side];
    return this.#wasWritten(side, path) || someAtOrAbove(path, (at) => claims.has(at));
  }

  /** @returns the paths to scan that nobody is writing now; they count as requested from here on. */
  takeDue(side: Side): RelPath[] {
    const { unconfirmed, requested } = this.#sides[side];
    if (unconfirmed.size === 0) return [];
    const parents = directoriesAbove(this.#claims.writing(side));
    const due = [...unconfirmed].filter((path) => !parents.has(path) && !this.#isWritten(side, path));
    for (const path of due) {
      unconfirmed.delete(path);
      requested.add(path);
    }
    return due;
  }

  /**
   * A scan of `side` that was asked for `paths` has ended. Paths that it could not see are requested again once they
   * are visible: the side does not report them by itself, because what was written there by its own replica is not new
   * to it.
   * @param unknown paths of which the scan could not tell what is there, nor below.
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

  /** Releases the claims of the scanned paths that have not become unconfirmed again. */
  #endScan(side: Side): void {
    const { unconfirmed, requested, scanned, claims } = this.#sides[side];
    for (const path of scanned) {
      const claim = claims.get(path);
      if (claim === undefined || unconfirmed.has(path) || requested.has(path)) continue;
      claims.delete(path);
      this.#claims.release(claim);
    }
    scanned.clear();
  }

  /** The scan failed: the next one is asked for the same paths. */
  scanFailed(side: Side): void {
    const { requested, scanned } = this.#sides[side];
    for (const path of scanned) requested.add(path);
    scanned.clear();
  }

  /** The side has disconnected: its next scan reports everything. */
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
