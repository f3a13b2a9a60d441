// The messages of halts: what was found, and what can be done.

import { type Advice, advise, type Step } from '../../core/advice.js';
import type { HaltCode } from '../../core/errors.js';
import type { LossCode, Match } from '../../core/loss.js';
import { otherSide, quote, type Side } from '../../core/path.js';

/** The reason why no file may be written. */
export interface Halt {
  readonly code: HaltCode;
  /** What was found. */
  readonly message: string;
  /** What can be done; of side b, the message says it already. */
  readonly advice?: Advice;
}

/** The most names that a message lists. */
const MAX_ORPHANS_NAMED = 5;
const NEW_PARTNER: Step = { do: 'resume', confirm: 'new-partner' };

/** @param dir the directory of the side; empty where that is not known. */
export function lossHalt(code: LossCode, side: Side, dir: string, { files, of }: { files: number; of: number }): Halt {
  const what =
    code === 'root-emptied'
      ? `Side ${side}${at(dir)} has no file any more, but both sides shared ${of} (is a disk not mounted?).`
      : `${files} of the ${of} files that both sides shared are missing on side ${side}${at(dir)}.`;
  const deletes: Step = { do: 'resume', confirm: 'accept-deletes' };
  const other = otherSide(side);
  const advice = advise`Put them back; or get them back from side ${other} with: ${NEW_PARTNER}; or, if they were meant to go, delete them on side ${other}, too (versions keep them there), with: ${deletes}`;
  return { code, message: `${what} Nothing is touched.`, advice };
}

/** @param was the earlier directory of side b; null where that is not known. */
export function partnerHalt({ same, of }: Match, found: number, dir: string, was: string | null): Halt {
  const what =
    found === 0
      ? `is empty and is not the directory that was synchronised, which shared ${count(of, 'file')} (is a disk not mounted?)`
      : `is another directory than the one that was synchronised: it has ${same} of the ${count(of, 'file')} that both sides shared`;
  const before = was === null || was === '' || was === dir ? '' : `, which was ${quote(was)}`;
  const message = `Side b${at(dir)} ${what}${before}. Nothing is touched; it goes on when server-b has the former directory again.`;
  const advice = advise`If this one is meant (nothing is deleted, of two contents the newer stays), confirm it with: ${NEW_PARTNER}`;
  return { code: 'other-partner', message, advice };
}

export function rollbackHalt(differences: number, dir: string): Halt {
  const message =
    `Side b${at(dir)} is older than what it had acknowledged, like a backup that was put back: ` +
    `${count(differences, 'path')} would change on side a. Nothing is touched.`;
  const rollback: Step = { do: 'resume', confirm: 'accept-rollback' };
  const advice = advise`To keep what is newer on side a (nothing is deleted, of two contents the newer stays), type: ${NEW_PARTNER}; to take side a back, too: ${rollback}`;
  return { code: 'rolled-back', message, advice };
}

export function unmountedHalt({ same, of }: Match, dir: string): Halt {
  const message =
    `Side a${at(dir)} is on another device than the directory that was synchronised there, and has ${same} of the ` +
    `${count(of, 'file')} of side b (is a disk not mounted?). Nothing is touched.`;
  const advice = advise`Mount it and start server-a again, or, if this directory is meant, to be filled from side b, confirm it with: ${NEW_PARTNER}`;
  return { code: 'root-unmounted', message, advice };
}

const LOCK_AGAIN = advise`Lock again what is to stay locked (${{ do: 'locks' }} shows what is), then confirm it with: ${{ do: 'resume', confirm: 'accept-lost-locks' }}. What the other side changed in files that are not locked then comes over like any other change, and what it replaces goes to the versions.`;

/** What could be read of a damaged lock table. */
export interface LockLoss {
  /** What is wrong with the table. */
  readonly message: string;
  readonly locks: number;
  readonly held: number;
  /** The names below .lockstep/held of contents that belong to no known update. */
  readonly orphans: readonly string[];
}

export function locksHalt({ message, locks, held, orphans }: LockLoss): Halt {
  const some = orphans.slice(0, MAX_ORPHANS_NAMED).map(quote).join(', ');
  const more = orphans.length > MAX_ORPHANS_NAMED ? ` and ${orphans.length - MAX_ORPHANS_NAMED} more` : '';
  const kept =
    orphans.length === 0
      ? ''
      : `In .lockstep/held ${count(orphans.length, 'content')} stay that no update is known of: ${some}${more}. `;
  return {
    code: 'locks-lost',
    message:
      `Locks may be lost. ${message} ${count(locks, 'lock')} and ${count(held, 'held update')} could be read and are in ` +
      `force. ${kept}Nothing is touched.`,
    advice: LOCK_AGAIN,
  };
}

/** The message for another root that was accepted without asking. */
export function acceptedText({ same, of }: Match, dir: string): string {
  const why =
    of === 0 ? 'and both sides shared no file' : `but has ${same} of the ${count(of, 'file')} that both sides shared`;
  return `Side b${at(dir)} is not known by its identity, ${why}: both sides are compared anew, and nothing is deleted.`;
}

const at = (dir: string): string => (dir === '' ? '' : ` (${quote(dir)})`);
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
