// A person confirms a halt. Each word ends what it is meant for, and nothing else.
import type { Confirmation } from '../wire/messages.js';
import type { Far } from './far.js';
import type { Lookout } from './lookout.js';
import type { Pair } from './pair.js';
import type { Replica } from './replica.js';

/** A root that is gone, or another one than it was, comes back or not; no word makes it right. */
const BEYOND_WORDS: ReadonlySet<string> = new Set(['root-missing', 'root-replaced']);
/** Halts of a side that tells nothing before it is told that its losses are meant. */
const LOSSES: ReadonlySet<string> = new Set(['root-emptied', 'mass-deletion']);

/** What confirming needs of its session. */
export interface Confirming {
  readonly pair: Pair;
  readonly local: Replica;
  readonly near: Lookout;
  /** Side b, null while it is away. */
  readonly far: Far | null;
  readonly recorder: { readonly halted: boolean; noteHalt(): void };
  /** Has a turn taken. */
  readonly wake: () => void;
}

/** @returns whether no halt is one that only the root itself can end. */
export const canConfirm = (pair: Pair): boolean => !pair.halts.some(({ code }) => BEYOND_WORDS.has(code));

/** Takes `what` for confirmed. @returns whether the halt is over, once both sides have told what that lets them tell. */
export async function confirm(confirming: Confirming, what: Confirmation): Promise<boolean> {
  const { pair, recorder, wake } = confirming;
  if (!recorder.halted) return false;
  if (canConfirm(pair)) {
    const isLoss = [pair.a.halt, pair.b.halt].some((halt) => halt !== null && LOSSES.has(halt.code));
    pair.safety.confirm(what);
    recorder.noteHalt();
    wake();
    if (isLoss && (what.acceptDeletes || what.newPartner)) await acceptOnBoth(confirming);
  }
  return !recorder.halted;
}

/** Both sides may tell what vanished, and have told it when this resolves. */
async function acceptOnBoth({ pair: { safety }, local, near, far, wake }: Confirming): Promise<void> {
  safety.isAccepting = true;
  try {
    await Promise.all([local.acceptDeletes(), far?.replica.acceptDeletes()]);
    const looks = [near.until(near.ask('everything')), far?.lookout.until(far.lookout.ask('everything'))];
    wake();
    await Promise.all(looks);
  } finally {
    safety.isAccepting = false;
  }
}
