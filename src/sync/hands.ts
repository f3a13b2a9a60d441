// Looks and outcomes come over different connections and may overtake each other. What a look says of a path that was in
// somebody's hands while it was under way is neither surely older nor surely newer than what was done there: it is not
// believed, and the path is asked about anew when it is free.
import type { Entry } from '../core/entry.js';
import { parentOf, type RelPath, type Side, someAtOrAbove } from '../core/path.js';
import type { Look } from './replica.js';

type Entries = Look['entries'];

const SIDES: readonly Side[] = ['a', 'b'];

/** What is known of who has which path in hand. */
export interface HandsSurroundings {
  /** Whether something is being written at `path` on `side` now. */
  readonly isHeld: (side: Side, path: RelPath) => boolean;
  /** Every path at which a carrier is writing on `side` now. */
  readonly written: (side: Side) => Iterable<RelPath>;
  /** The paths below `directory` on `side`, as last seen. */
  readonly knownBelow: (side: Side, directory: RelPath) => Iterable<RelPath>;
}

/** Keeps apart what a look can be believed and what has to be asked again. */
export class Hands {
  /** Paths that left somebody's hands since the look under way began. */
  private readonly released = { a: new Set<RelPath>(), b: new Set<RelPath>() };
  private readonly doubtful = { a: new Set<RelPath>(), b: new Set<RelPath>() };
  /** What was doubtful and will be told by the next look, or by the one under way. */
  private readonly asked = { a: new Set<RelPath>(), b: new Set<RelPath>() };
  private readonly looked = { a: new Set<RelPath>(), b: new Set<RelPath>() };
  /** What was asked for and lies where nothing can be seen. */
  private readonly hidden = { a: new Set<RelPath>(), b: new Set<RelPath>() };

  constructor(private readonly around: HandsSurroundings) {}

  get isIdle(): boolean {
    return this.doubtful.a.size === 0 && this.doubtful.b.size === 0;
  }

  lookBegins(side: Side): void {
    this.released[side].clear();
    for (const path of this.asked[side]) this.looked[side].add(path);
    this.asked[side].clear();
  }

  /** Something was written at `path`, or will not be. */
  release(side: Side, path: RelPath): void {
    this.released[side].add(path);
  }

  releaseOnBoth(path: RelPath): void {
    this.release('a', path);
    this.release('b', path);
  }

  /** What was put at `path` may not be what was meant to be there: it is asked about. */
  suspect(side: Side, path: RelPath): void {
    this.doubtful[side].add(path);
  }

  /** A look has told all there is: it is believed for want of anything else, but for what it was overtaken by. */
  toldAll(side: Side): void {
    for (const path of this.released[side]) this.doubtful[side].add(path);
  }

  /** @returns those of `entries` that cannot have been overtaken. */
  believed(side: Side, entries: Entries): Entries {
    const hands = [...this.around.written(side), ...this.released[side]];
    const crowded = directoriesAbove(hands);
    return entries.filter(({ path, entry }) => {
      const isCrowded = entry?.type !== 'dir' && crowded.has(path);
      const isDoubtful = isCrowded || this.wasHeld(side, path);
      if (isDoubtful) this.doubt(side, path, entry);
      if (isCrowded) for (const held of hands) if (held.startsWith(`${path}/`)) this.doubtful[side].add(held);
      return !isDoubtful;
    });
  }

  /**
   * A directory that may be gone takes everything below with it, and whoever asks about it later may be told of one that
   * was made anew: that says nothing of what lay in the first.
   */
  private doubt(side: Side, path: RelPath, entry: Entry | null): void {
    this.doubtful[side].add(path);
    if (entry?.type === 'dir') return;
    for (const below of this.around.knownBelow(side, path)) this.doubtful[side].add(below);
  }

  /** What lies below a path that is written goes or comes with it. */
  private wasHeld(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.released[side].has(at)) || this.isInHand(side, path);
  }

  private isInHand(side: Side, path: RelPath): boolean {
    return someAtOrAbove(path, (at) => this.around.isHeld(side, at));
  }

  /** @returns what has to be asked about and is in nobody's hands now; it is forgotten here. */
  takeDue(side: Side): RelPath[] {
    if (this.doubtful[side].size === 0) return [];
    const crowded = directoriesAbove(this.around.written(side));
    const due = [...this.doubtful[side]].filter((path) => !crowded.has(path) && !this.isInHand(side, path));
    for (const path of due) {
      this.doubtful[side].delete(path);
      this.asked[side].add(path);
    }
    return due;
  }

  /** Whether nobody knows what stands at `path`, until it has been looked at again: nothing is to be done there. */
  doubts(path: RelPath): boolean {
    return SIDES.some((side) => [this.doubtful, this.asked, this.looked].some((sets) => sets[side].has(path)));
  }

  /**
   * A look at `side` has told of `paths`, for which it was asked by whomever, but for what it could not see: that is asked
   * for when it can. It would not be told by itself: what we have written there ourselves is nothing new to that side.
   */
  lookEnds(side: Side, paths: readonly RelPath[], unknown: readonly RelPath[]): void {
    const hidden = new Set(unknown);
    const isHidden = (path: RelPath) => hidden.size > 0 && someAtOrAbove(path, (at) => hidden.has(at));
    for (const path of this.hidden[side]) if (!isHidden(path)) this.doubtful[side].add(path);
    this.hidden[side] = new Set([...this.hidden[side], ...paths].filter(isHidden));
    this.looked[side].clear();
  }

  /** A look told nothing; the next one is asked for the same. */
  lookFailed(side: Side): void {
    for (const path of this.looked[side]) this.asked[side].add(path);
    this.looked[side].clear();
  }

  /** Side b is gone: everything will be told anew. */
  forget(side: Side): void {
    for (const sets of [this.released, this.doubtful, this.asked, this.looked, this.hidden]) sets[side].clear();
  }
}

function directoriesAbove(paths: Iterable<RelPath>): Set<RelPath> {
  const above = new Set<RelPath>();
  for (const path of paths) {
    for (let at = parentOf(path); at !== '' && !above.has(at); at = parentOf(at)) above.add(at);
  }
  return above;
}
