// What server-a knows of one side: what its looks said, folded together.
import type { Problem } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import { PathSet } from '../../core/path-set.js';
import type { Snapshot } from '../../core/snapshot.js';
import { IgnoreRules } from '../../disk/scan/ignore-rules.js';
import type { ScanResult } from '../../replica.js';

/** What is known of one side. */
export interface SideState {
  /** Null until its first look. */
  snapshot: Snapshot | null;
  rules: IgnoreRules;
  /** Paths of which nothing is known now, nor of what lies below them. */
  unknown: ReadonlySet<RelPath>;
  /** Files that lost content in a crash. */
  damaged: readonly RelPath[];
  problems: readonly Problem[];
  unsettled: number;
  /** What was in motion at the last look: what is known of it is older than what is there. */
  readonly moving: PathSet;
  halt: ScanResult['halt'];
}

/** What is known of both sides, for the parts of the pair that judge it. */
export interface KnownPair {
  /** What both sides last shared. */
  readonly archive: Snapshot;
  readonly a: SideState;
  readonly b: SideState;
  side(side: Side): SideState;
}

/** A side before its first look. */
export const nothingKnown = (): SideState => ({
  snapshot: null,
  rules: new IgnoreRules([]),
  unknown: new Set(),
  damaged: [],
  problems: [],
  unsettled: 0,
  moving: new PathSet(),
  halt: null,
});

/** Takes in what a look says of the moment, whatever came of it. */
export function foldStanding(
  state: SideState,
  scan: Pick<ScanResult, 'halt' | 'problems' | 'unsettled' | 'moving'>,
): void {
  state.halt = scan.halt;
  state.problems = scan.problems;
  state.unsettled = scan.unsettled;
  state.moving.clear();
  for (const path of scan.moving ?? []) state.moving.add(path);
}
