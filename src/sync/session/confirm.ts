// A person confirms a halt. Each confirmation ends the halts it is meant for, and no others.
import type { Side } from '../../core/path.js';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { Pair } from '../pair/pair.js';
import type { Sides } from './sides.js';

/** Halts that only the root itself can end. */
const ROOT_HALTS: ReadonlySet<string> = new Set(['root-missing', 'root-replaced']);
/** Halts in which a side withholds its scan entries until its losses are confirmed. */
const LOSS_HALTS: ReadonlySet<string> = new Set(['root-emptied', 'mass-deletion']);

interface Confirming {
  readonly pair: Pair;
  readonly sides: Sides;
  readonly acceptLostLocks?: (() => Promise<void>) | undefined;
  readonly recorder: { readonly halted: boolean; resumedBy: string | null; noteHalt(): void };
  readonly mailbox: { wake(): void };
}

/** Whether every present halt can be confirmed; a missing or replaced root cannot. */
export const canConfirm = (pair: Pair): boolean => !pair.halts.some(({ code }) => ROOT_HALTS.has(code));

/**
 * Applies the confirmation `what` of a person, `by`.
 * @returns whether the halt is over, after the sides that withheld their losses have been scanned again.
 */
export async function confirm(confirming: Confirming, what: Confirmation, by: string | null = null): Promise<boolean> {
  const { recorder } = confirming;
  if (!recorder.halted) return false;
  recorder.resumedBy = by;
  try {
    if (canConfirm(confirming.pair)) await apply(confirming, what);
  } finally {
    recorder.resumedBy = null;
  }
  return !recorder.halted;
}

async function apply(confirming: Confirming, what: Confirmation): Promise<void> {
  const { pair, recorder, mailbox } = confirming;
  if (what.acceptLostLocks && pair.locksHalt !== null) await confirming.acceptLostLocks?.();
  const lossy = (['a', 'b'] as const).filter((side) => LOSS_HALTS.has(pair.side(side).halt?.code ?? ''));
  pair.safety.confirm(what);
  recorder.noteHalt();
  mailbox.wake();
  if (lossy.length > 0 && (what.acceptDeletes || what.newPartner)) await acceptOn(lossy, confirming);
}

/** Lets the sides `lossy` report what vanished. Resolves once a scan of each has been folded in. */
async function acceptOn(lossy: readonly Side[], { pair: { safety }, sides, mailbox }: Confirming): Promise<void> {
  const { local, localScans } = sides;
  const [a, b] = [lossy.includes('a'), lossy.includes('b') ? sides.peer : null];
  safety.accepting = lossy;
  try {
    await Promise.all([a ? local.acceptDeletes() : null, b?.replica.acceptDeletes()]);
    const scans = [
      a ? localScans.until(localScans.ask('everything')) : null,
      b?.scanQueue.until(b.scanQueue.ask('everything')),
    ];
    mailbox.wake();
    await Promise.all(scans);
  } finally {
    safety.accepting = [];
  }
}
