// What server-a knows of one side: what its looks said, folded together.
import type { Problem } from '../core/errors.js';
import type { RelPath } from '../core/path.js';
import type { Snapshot } from '../core/snapshot.js';
import { IgnoreRules } from '../disk/ignore-rules.js';
import type { Look } from './replica.js';

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
  halt: Look['halt'];
}

/** A side before its first look. */
export const nothingKnown = (): SideState => ({
  snapshot: null,
  rules: new IgnoreRules([]),
  unknown: new Set(),
  damaged: [],
  problems: [],
  unsettled: 0,
  halt: null,
});
