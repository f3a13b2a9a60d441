// Locking, unlocking, waiting in line, taking over, and asking whoever has a lock.

import { signal } from '@preact/signals';
import type { SyncError } from '../../../core/errors.js';
import type { HeldWay } from '../../../core/locks/records.js';
import type { ClientMethods, LockRow } from '../../../wire/client-api/methods.js';
import { call } from '../calls/rpc.js';
import { shownName } from '../words/names.js';
import { isMine } from '../words/row-words.js';
import { act, actedOn, showRefusal, stepActs } from './acts.js';
import { ask as askAgain } from './asking.js';
import { locks, me, question } from './page-state.js';
import { show, type ToastAction } from './toasts.js';

type LockOptions = Pick<ClientMethods['lock']['params'], 'message' | 'side' | 'ttlMs' | 'steal' | 'notify'>;

/** @returns whether it is locked now. */
export function lock(path: string, options: LockOptions = {}): Promise<boolean> {
  const { message, ...rest } = options;
  const how = { side: me.value.side, ...rest, ...(message ? { message } : {}) };
  return act({
    run: async () => actedOn((await call('lock', { targets: [{ path }], ...how })).targets),
    said: ({ changed }) => ({
      text: changed ? `You have ${shownName(path)} now.` : `You had ${shownName(path)} locked already.`,
    }),
    done: ({ changed }) => (changed ? { act: 'lock', path } : null),
    instead: (error) => insteadOfLocking(path, error),
  });
}

const insteadOfLocking = (path: string, { code }: SyncError): readonly ToastAction[] =>
  code === 'locked' ? [{ label: 'Wait in line', run: () => void waitFor(path) }] : [];

/** @param held what becomes of held updates; by default they are applied. */
export function unlock(
  path: string,
  { held, force = false }: { readonly held?: HeldWay; readonly force?: boolean } = {},
): Promise<boolean> {
  const before = locks.value.get(path);
  const how = { ...(held === undefined ? {} : { held }), ...(force ? { force } : {}) };
  return act({
    run: async () => actedOn((await call('unlock', { targets: [{ path }], ...how })).targets),
    said: (result) => unlockedText(path, result),
    // The lock of another is not to be given back by anybody but him.
    done: ({ changed }) => (changed && before && isMine(before, me.value.name) ? unlockedBefore(before) : null),
  });
}

const unlockedBefore = ({ path, message, side }: LockRow) => ({ act: 'unlock', path, message, side }) as const;

function unlockedText(
  path: string,
  { changed, held }: Readonly<Record<string, unknown>>,
): { text: string; more?: string } {
  if (changed !== true) return { text: `Nobody had ${shownName(path)} locked.` };
  const updates = typeof held === 'number' ? held : 0;
  const text = `${shownName(path)} is unlocked.`;
  if (updates === 0) return { text };
  const came = updates === 1 ? 'The held update takes' : `The ${updates} held updates take`;
  return { text, more: `${came} effect now; what stood there before is among its versions.` };
}

/** Where whoever looks stands in line: the place by path, 0 until it is known. */
export const waits = signal<ReadonlyMap<string, AbortController>>(new Map());

/** Waits in line for a lock: as long as this page is open, or until it is given up. */
export async function waitFor(path: string, options: LockOptions = {}): Promise<void> {
  if (waits.value.has(path)) return;
  const leaving = new AbortController();
  waits.value = new Map(waits.value).set(path, leaving);
  const { message, ...rest } = options;
  const how = { side: me.value.side, wait: true, ...rest, ...(message ? { message } : {}) };
  try {
    actedOn((await call('lock', { targets: [{ path }], ...how }, leaving.signal)).targets);
    show({ icon: 'lock', tone: 'mine', text: `It is your turn: you have ${shownName(path)} now.`, stays: true });
  } catch (error) {
    showRefusal(error);
  } finally {
    const left = new Map(waits.value);
    left.delete(path);
    waits.value = left;
    askAgain(['status', 'locks']);
  }
}

/** Gives up a place in line. */
export function leaveLine(path: string): void {
  waits.value.get(path)?.abort();
}

/** Asks whoever has the lock to unlock it. */
export function askHolder(path: string, message: string): Promise<boolean> {
  return act({
    run: async () => actedOn((await call('ask', { targets: [{ path }], ...(message ? { message } : {}) })).targets),
    said: ({ owner, changed }) => ({ text: askedText(path, owner as string | null, changed) }),
    done: () => null,
  });
}

function askedText(path: string, owner: string | null, changed: boolean): string {
  if (owner === null) return `Nobody has ${shownName(path)} locked.`;
  const who = shownName(owner);
  return changed
    ? `${who} is asked to unlock ${shownName(path)}.`
    : `${who} was asked for ${shownName(path)} a moment ago.`;
}

stepActs.ask = ({ path }) => question('ask', path);
stepActs.unlock = ({ path }) => void unlock(path);
stepActs.lock = ({ files, wait }) => void (wait === true ? waitFor(files) : lock(files));
