// Decides which paths are out of reach: one side ignores them, or cannot tell what is there. They neither exist nor are
// gone, and nothing is written at them.
import { type RelPath, type Side, someAtOrAbove } from '../../core/path.js';
import type { Snapshot } from '../../core/snapshot.js';
import { IgnoreRules } from '../../disk/scan/ignore-rules.js';
import type { ScanResult } from '../../replica.js';
import type { KnownPair, SideState } from './side-state.js';

interface ReachedPair extends KnownPair {
  readonly safety: { readonly knowsB: boolean };
  mark(path: RelPath, deep?: boolean): void;
  markEverything(): void;
  agree(path: RelPath, entry: null): void;
}

/** Knows the ignored and unknown paths of both sides. */
export class Reach {
  readonly #pair: ReachedPair;

  #rulesDiffer = false;

  constructor(pair: ReachedPair) {
    this.#pair = pair;
  }

  /** Records what a scan of `side` leaves out. */
  note(side: Side, { unknown, rules }: Pick<ScanResult, 'unknown' | 'rules'>): void {
    const state = this.#pair.side(side);
    this.#changeUnknown(state, unknown);
    if (rules.join('\n') !== state.rules.lines.join('\n')) this.#changeRules(side, state, rules);
  }

  /** Paths that are known again are compared again. */
  #changeUnknown(state: SideState, unknown: readonly RelPath[]): void {
    const still = new Set(unknown);
    for (const path of state.unknown) {
      if (!still.has(path)) this.#pair.mark(path, true);
    }
    state.unknown = still;
  }

  /** Forgets paths that are ignored from now on, so that their absence on one side never counts as a deletion. */
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

  /** Whether `path` must not be written because one side ignores it or cannot tell what is there. */
  isOut(path: RelPath): boolean {
    return this.#isIgnored(path) || this.#isUnknown(path);
  }

  /**
   * Each side leaves out what its own rules exclude. Where the rules differ, a path that either excludes is left alone.
   */
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
