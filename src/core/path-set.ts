// A set of paths, stored as a tree: the marks that say which parts of a tree have to be reconciled.
import { joinPath, type RelPath } from './path.js';

/** The marks on one branch: `here` for the branch itself, `below` for its children by name. */
export interface Marks {
  here: boolean;
  /** Whether everything below is marked too. */
  deep: boolean;
  below: ReadonlyMap<string, Marks>;
}

/** Most marks are on files, so they share one empty map. */
const NOTHING: ReadonlyMap<string, Marks> = new Map();
const unmarked = (): Marks => ({ here: false, deep: false, below: NOTHING });

/** A set of paths as a tree. A walk can leave out every branch without a mark. */
export class PathSet {
  readonly root: Marks = unmarked();
  size = 0;

  /** @param deep whether everything below `path` is added too. */
  add(path: RelPath | '', deep = false): void {
    let at = this.root;
    if (path !== '') {
      for (const name of path.split('/')) at = at.below.get(name) ?? grow(at, name);
    }
    if (!at.here) this.size++;
    at.here = true;
    at.deep ||= deep;
  }

  /** Adds `path` and what lies below it as far as `marks` has them; null adds everything. */
  addMarks(path: RelPath | '', marks: Marks | null): void {
    if (marks === null) this.add(path, true);
    else {
      if (marks.here) this.add(path, marks.deep);
      for (const [name, below] of marks.below) this.addMarks(joinPath(path, name), below);
    }
  }

  /** @returns whether `path`, or a path above or below it, is in the set. */
  touches(path: RelPath): boolean {
    let at = this.root;
    for (const name of path.split('/')) {
      const next = at.below.get(name);
      if (at.here || next === undefined) return at.here;
      at = next;
    }
    // A branch exists only where something in it is marked.
    return true;
  }

  /** Every path of the set, without what else lies below a deep one. */
  *paths(): Generator<RelPath | ''> {
    yield* pathsOf('', this.root);
  }

  clear(): void {
    this.root.here = false;
    this.root.deep = false;
    this.root.below = NOTHING;
    this.size = 0;
  }
}

function* pathsOf(path: RelPath | '', marks: Marks): Generator<RelPath | ''> {
  if (marks.here) yield path;
  for (const [name, below] of marks.below) yield* pathsOf(joinPath(path, name), below);
}

function grow(at: Marks, name: string): Marks {
  const next = unmarked();
  if (at.below === NOTHING) at.below = new Map([[name, next]]);
  else (at.below as Map<string, Marks>).set(name, next);
  return next;
}
