// One registry answers two questions for the whole session: may this path be written now, and who holds it? Code that
// works on a path claims it first and releases the claim when the outcome is known. The registry does not decide what
// follows from an answer.
//
//   claim = claims.claim(path, 'transfer')   nobody else plans or writes there from now on
//   claims.begin(claim, 'b')                 the write on side b has begun: a scan of b may be older than it
//   claims.release(claim)                    the outcome is known; listeners are called if something was written
import { parentOf, type RelPath, type Side } from '../../core/path.js';

/**
 * Who can hold a path: a queued change, a client write, a held update that is fetched or takes effect, a write that was
 * under way on a lost connection, or a path whose content a scan has to confirm.
 */
export type ClaimKind = 'transfer' | 'client-write' | 'disconnected-peer' | 'unconfirmed' | 'held-update';

/** The order in which holders are reported where a path has several. */
const KINDS: readonly ClaimKind[] = ['transfer', 'client-write', 'disconnected-peer', 'unconfirmed', 'held-update'];

/** The claims under which the content of a path can still change: a lock is granted after they end. */
export const MAY_CHANGE: readonly ClaimKind[] = ['transfer', 'client-write', 'disconnected-peer', 'unconfirmed'];

/** One claimed path; only the registry changes it. */
export interface Claim {
  readonly path: RelPath;
  readonly by: ClaimKind;
  /** Whether it includes everything below the path. */
  readonly deep: boolean;
  /** The sides on which a write at the path is running. */
  readonly writes: readonly Side[];
}

/** Called for each claim that ended after a write began under it. */
type ReleaseListener = (claim: Claim) => void;

const NO_SIDE: readonly Side[] = [];

type Changeable = { -readonly [K in keyof Claim]: Claim[K] };

/** All claims of one session. */
export class Claims {
  readonly #byPath = new Map<RelPath, Claim[]>();
  readonly #writing: Readonly<Record<Side, Set<Claim>>> = { a: new Set(), b: new Set() };
  readonly #counts = new Map<ClaimKind, number>();
  readonly #listeners: ReleaseListener[] = [];
  #deepClaims = 0;

  /** Claims `path`. @param deep whether everything below it is claimed, too. */
  claim(path: RelPath, by: ClaimKind, deep = false): Claim {
    const claim: Claim = { path, by, deep, writes: NO_SIDE };
    const others = this.#byPath.get(path);
    if (others === undefined) this.#byPath.set(path, [claim]);
    else others.push(claim);
    if (deep) this.#deepClaims++;
    this.#count(by, 1);
    return claim;
  }

  /**
   * @param among the kinds of claims that count; all unless given.
   * @returns who holds `path`, by a claim on it or by a deep claim on a directory above; null where nobody does.
   */
  heldBy(path: RelPath, among: readonly ClaimKind[] = KINDS): ClaimKind | null {
    const found = this.#strongest(path, among, false);
    if (found !== null || this.#deepClaims === 0) return found;
    for (let at = parentOf(path); at !== ''; at = parentOf(at)) {
      const above = this.#strongest(at, among, true);
      if (above !== null) return above;
    }
    return null;
  }

  #strongest(path: RelPath, among: readonly ClaimKind[], deepOnly: boolean): ClaimKind | null {
    const claims = this.#byPath.get(path);
    if (claims === undefined) return null;
    const isHeld = (kind: ClaimKind) => claims.some(({ by, deep }) => by === kind && (deep || !deepOnly));
    return among.find(isHeld) ?? null;
  }

  /** The claims on paths below `directory`, without the directory itself. */
  *below(directory: RelPath): Generator<Claim> {
    for (const [path, claims] of this.#byPath) if (path.startsWith(`${directory}/`)) yield* claims;
  }

  /** Whether a write at `path` is running on `side`. A client write counts on both sides as long as it lasts. */
  isWriting(side: Side, path: RelPath): boolean {
    if (this.#byPath.get(path)?.some(({ writes }) => writes.includes(side))) return true;
    return this.heldBy(path, ['client-write']) !== null;
  }

  /** Every path at which a write is running on `side`. */
  *writing(side: Side): Generator<RelPath> {
    for (const { path } of this.#writing[side]) yield path;
  }

  /** How many claims of the kind `by` there are. */
  count(by: ClaimKind): number {
    return this.#counts.get(by) ?? 0;
  }

  onRelease(listener: ReleaseListener): void {
    this.#listeners.push(listener);
  }

  /** A write on `sides` begins under `claim`. */
  begin(claim: Claim, ...sides: readonly Side[]): void {
    (claim as Changeable).writes = sides;
    for (const side of sides) this.#writing[side].add(claim);
  }

  /** Changes the kind of `claim` to `to`. */
  handOver(claim: Claim, to: ClaimKind): void {
    this.#count(claim.by, -1);
    this.#count(to, 1);
    (claim as Changeable).by = to;
  }

  /** Ends `claim`; without effect where it has ended. */
  release(claim: Claim): void {
    const { path, by, deep, writes } = claim;
    const claims = this.#byPath.get(path) ?? [];
    const others = claims.filter((other) => other !== claim);
    if (others.length === claims.length) return;
    if (others.length === 0) this.#byPath.delete(path);
    else this.#byPath.set(path, others);
    if (deep) this.#deepClaims--;
    this.#count(by, -1);
    for (const side of writes) this.#writing[side].delete(claim);
    if (writes.length > 0) for (const listener of this.#listeners) listener(claim);
  }

  #count(by: ClaimKind, change: number): void {
    this.#counts.set(by, this.count(by) + change);
  }
}
