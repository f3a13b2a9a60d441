// What would be transferred now, and why: the plan for the whole trees as they were last seen, for people who want to
// know before it happens. It changes nothing. Changes that are queued or on their way are in it.
import { type Change, contentOf } from '../../core/change.js';
import { SyncError } from '../../core/errors.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Plan } from '../../core/reconcile/reconcile.js';
import type { PlanPreview, PlanRow, PlanWhy, WaitRow } from '../../wire/client-api/plan.js';
import type { LockState } from '../locks/lock-state.js';
import type { Pair } from '../pair/pair.js';
import type { Planner } from './planner.js';
import type { Sides } from './sides.js';

/** The most paths that are named of those that wait. */
const MAX_WAITS = 100;

interface PreviewContext {
  readonly pair: Pair;
  readonly sides: Pick<Sides, 'peer'>;
  readonly planner: Pick<Planner, 'preview'>;
  readonly lockState: Pick<LockState, 'table'>;
}

/**
 * @returns what would be transferred now; also while the pair is paused or halted. Where it is halted for another
 *   partner, it is what would be transferred once that is confirmed.
 * @throws SyncError `busy` until both sides have been scanned.
 */
export function previewOf({ pair, sides, planner, lockState }: PreviewContext): PlanPreview {
  if (sides.peer?.seen !== true || pair.a.snapshot === null || pair.b.snapshot === null) throw notScanned();
  const asPartner = pair.halts[0]?.code === 'other-partner';
  const plan = planner.preview(asPartner);
  const waits = waitRows(plan, pair, lockState);
  const firstContact = pair.firstContact || asPartner;
  return { plan: previewRows(plan), waiting: waits.length, waits: waits.slice(0, MAX_WAITS), firstContact };
}

/** @returns the paths that the plan leaves out, and those that are being written, by name. */
function waitRows(plan: Plan, pair: Pair, { table }: Pick<LockState, 'table'>): WaitRow[] {
  const rows = new Map<string, WaitRow>();
  for (const { path } of plan.postponed) {
    const owner = table.locks.get(path)?.owner;
    const why = pair.isOutOfReach(path) ? 'out-of-reach' : 'held';
    rows.set(path, { path, why, ...(owner === undefined ? {} : { owner }) });
  }
  for (const side of [pair.a, pair.b])
    for (const path of side.moving.paths()) if (!rows.has(path)) rows.set(path, { path, why: 'unsettled' });
  return [...rows.values()].sort((x, y) => (x.path < y.path ? -1 : 1));
}

const notScanned = (): SyncError =>
  new SyncError('busy', 'Both sides have to be scanned before a plan is known.', {
    hint: 'Try again when server-b is connected and the first scans have ended.',
  });

/** @returns the rows for side b, then those for side a, each in the order in which they would be carried out. */
function previewRows(plan: Plan): PlanRow[] {
  const conflicts = new Set<RelPath>();
  for (const { path, copy } of plan.conflicts) {
    conflicts.add(path);
    if (copy !== null) conflicts.add(copy);
  }
  const rows = (changes: readonly Change[], to: Side) =>
    changes.map((change) => rowOf(change, to, whyOf(change, conflicts)));
  return [...rows(plan.toB, 'b'), ...rows(plan.toA, 'a')];
}

function whyOf({ path, reason }: Change, conflicts: ReadonlySet<RelPath>): PlanWhy {
  if (reason === 'first contact') return 'newer';
  return conflicts.has(path) ? 'conflict' : 'changed';
}

function rowOf(change: Change, to: Side, why: PlanWhy): PlanRow {
  const { path, action, after, before, from } = change;
  return {
    path,
    action,
    from: otherSide(to),
    to,
    type: (after ?? before)?.type ?? 'file',
    bytes: contentOf(change)?.size ?? 0,
    why,
    ...(from === undefined ? {} : { was: from.path }),
  };
}
