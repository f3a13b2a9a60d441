// What is out of reach: a path that one side ignores, or of which it cannot say now what is there. It is neither there nor
// gone, and nothing is done at it.
import { type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import { IgnoreRules } from '../../disk/scan/ignore-rules.js';
import type { ScanResult } from '../../replica.js';
import type { KnownPair, SideState } from './side-state.js';

/** The pair as far as its reach concerns it. */
interface ReachedPair extends KnownPair {
  readonly safety: { readonly knowsB: boolean };
  mark(path: RelPath, deep?: boolean): void;
  markEverything(): void;
  agree(path: RelPath, entry: null): void;
}

export class Reach {
  readonly #pair: ReachedPair;

  #rulesDiffer = false;

  constructor(pair: ReachedPair) {
    this.#pair = pair;
  }

  /** Takes in what a scan of `side` leaves out. */
  note(side: Side, { unknown, rules }: Pick<ScanResult, 'unknown' | 'rules'>): void {
    const state = this.#pair.side(side);
    this.#changeUnknown(state, unknown);
    if (rules.join('\n') !== state.rules.lines.join('\n')) this.#changeRules(side, state, rules);
  }

  /** What is known again is compared again. */
  #changeUnknown(state: SideState, unknown: readonly RelPath[]): void {
    const still = new Set(unknown);
    for (const path of state.unknown) {
      if (!still.has(path)) this.#pair.mark(path, true);
    }
    state.unknown = still;
  }

  /** What has become ignored is forgotten, so that its absence on one side is never taken for a deletion. */
  #changeRules(side: Side, state: SideState, lines: readonly string[]): void {
    const pair = this.#pair;
    state.rules = new IgnoreRules(lines);
    this.#rulesDiffer = pair.a.rules.lines.join('\n') !== pair.b.rules.lines.join('\n');
    if (side === 'a' || pair.safety.knowsB) {
      for (const path of ignoredIn(pair.archive, state.rules)) pair.agree(path, null);
    }
    if (state.snapshot !== null) {
      for (const path of ignoredIn(state.snapshot, state.rules)) state.snapshot.put(path, null);
    }
    pair.markEverything();
  }

  /** Whether `path` is not to be touched because one side ignores it or cannot say what is there. */
  isOut(path: RelPath): boolean {
    return this.#isIgnored(path) || this.#isUnknown(path);
  }

  /** Each side leaves out what its own rules exclude; where they differ, what either excludes is left alone. */
  #isIgnored(path: RelPath): boolean {
    if (!this.#rulesDiffer) return false;
    const { a, b } = this.#pair;
    const isDir = a.snapshot?.get(path)?.type === 'dir' || b.snapshot?.get(path)?.type === 'dir';
    return a.rules.ignores(path, isDir) || b.rules.ignores(path, isDir);
  }

  #isUnknown(path: RelPath): boolean {
    const { a, b } = this.#pair;
    if (a.unknown.size === 0 && b.unknown.size === 0) return false;
    return someAtOrAbove(path, (at) => a.unknown.has(at) || b.unknown.has(at));
  }
}

function ignoredIn(snapshot: Snapshot, rules: IgnoreRules): RelPath[] {
  const all = [...snapshot.walk()];
  return all.filter(([path, node]) => rules.ignores(path, node.type === 'dir')).map(([path]) => path);
}
