// A person confirms a halt. Each word ends what it is meant for, and nothing else.
import type { Side } from '../../core/path.js';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { Pair } from '../pair/pair.js';
import type { Sides } from './sides.js';

/** A root that is gone, or another one than it was, comes back or not; no word makes it right. */
const BEYOND_WORDS: ReadonlySet<string> = new Set(['root-missing', 'root-replaced']);
/** Halts of a side that tells nothing before it is told that its losses are meant. */
const LOSSES: ReadonlySet<string> = new Set(['root-emptied', 'mass-deletion']);

/** What confirming needs of its session. */
interface Confirming {
  readonly pair: Pair;
  readonly sides: Sides;
  readonly acceptLostLocks?: (() => Promise<void>) | undefined;
  readonly recorder: { readonly halted: boolean; noteHalt(): void };
  readonly mailbox: { wake(): void };
}

/** @returns whether no halt is one that only the root itself can end. */
export const canConfirm = (pair: Pair): boolean => !pair.halts.some(({ code }) => BEYOND_WORDS.has(code));

/** Takes `what` for confirmed. @returns whether the halt is over, once both sides have told what that lets them tell. */
export async function confirm(confirming: Confirming, what: Confirmation): Promise<boolean> {
  const { pair, recorder, mailbox } = confirming;
  if (!recorder.halted) return false;
  if (canConfirm(pair)) {
    if (what.acceptLostLocks && pair.locksHalt !== null) await confirming.acceptLostLocks?.();
    const lossy = (['a', 'b'] as const).filter((side) => LOSSES.has(pair.side(side).halt?.code ?? ''));
    pair.safety.confirm(what);
    recorder.noteHalt();
    mailbox.wake();
    if (lossy.length > 0 && (what.acceptDeletes || what.newPartner)) await acceptOn(lossy, confirming);
  }
  return !recorder.halted;
}

/** The sides `lossy` may tell what vanished, and have told it when this resolves. */
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
