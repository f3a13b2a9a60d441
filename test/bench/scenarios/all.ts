// All scenarios, in the order in which they are run.
import type { Scenario } from '../scenario.js';
import { durableFirstSync, firstSyncOfMany, firstSyncOfVeryMany } from './s1-first-sync.js';
import { oneLargeFile } from './s2-large-file.js';
import { latency, latencyInTrees } from './s3-latency.js';
import { withPages } from './s3-pages.js';
import { changedInside, insertedInFront } from './s4-changed-inside.js';
import { restart } from './s5-restart.js';
import { mixedChanges } from './s6-mixed-changes.js';
import { idle } from './s7-idle.js';
import { commands, locks } from './s8-clients.js';
import { memory } from './s9-memory.js';

export const SCENARIOS: readonly Scenario[] = [
  firstSyncOfMany,
  durableFirstSync,
  firstSyncOfVeryMany,
  oneLargeFile,
  latency,
  latencyInTrees,
  withPages,
  changedInside,
  insertedInFront,
  restart,
  mixedChanges,
  idle,
  commands,
  locks,
  memory,
];
