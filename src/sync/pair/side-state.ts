// The state of one side: its scans, folded together.
import type { Problem } from '../../core/errors.js';
import type { RelPath, Side } from '../../core/path.js';
import { PathSet } from '../../core/path-set.js';
import type { Snapshot } from '../../core/snapshot.js';
import { IgnoreRules } from '../../disk/scan/ignore-rules.js';
import type { ScanResult } from '../../replica.js';

/** What is known of one side. */
export interface SideState {
  /** Null until its first scan. */
  snapshot: Snapshot | null;
  rules: IgnoreRules;
  /** Paths of which nothing is known now, nor of anything below them. */
  unknown: ReadonlySet<RelPath>;
  /** Files that lost content in a crash. */
  damaged: readonly RelPath[];
  problems: readonly Problem[];
  unsettled: number;
  /** Paths that were not settled in the last scan: what is known of them is older than what is on the disk. */
  readonly moving: PathSet;
  /** The files among them that are being written or read, with their sizes in bytes. */
  arriving: ReadonlyMap<RelPath, number>;
  halt: ScanResult['halt'];
}

/** The state of both sides, for the modules that judge it. */
export interface KnownPair {
  /** What both sides last shared. */
  readonly archive: Snapshot;
  readonly a: SideState;
  readonly b: SideState;
  side(side: Side): SideState;
}

/** The state of a side before its first scan. */
export const nothingKnown = (): SideState => ({
  snapshot: null,
  rules: new IgnoreRules([]),
  unknown: new Set(),
  damaged: [],
  problems: [],
  unsettled: 0,
  moving: new PathSet(),
  arriving: new Map(),
  halt: null,
});

/** Records what a scan reports about the present moment, even where the pair is halted. */
export function foldStanding(
  state: SideState,
  scan: Pick<ScanResult, 'halt' | 'problems' | 'unsettled' | 'moving' | 'arriving'>,
): void {
  state.halt = scan.halt;
  state.problems = scan.problems;
  state.unsettled = scan.unsettled;
  state.moving.clear();
  for (const path of scan.moving ?? []) state.moving.add(path);
  state.arriving = new Map(scan.arriving?.map(({ path, size }) => [path, size]));
}
