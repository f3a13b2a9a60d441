// What an owner is told: that he has lost a lock, that somebody asks him for one, or that a file is free for him. Live by
// events; what happened while no page was open, once, when one is opened.
import { SyncError } from '../../../core/errors.js';
import type { NumberedEvent } from '../../../core/events.js';
import type { NoticeRow } from '../../../wire/client-api/notice.js';
import { call } from '../calls/rpc.js';
import { shownName } from '../words/names.js';
import { whenText } from '../words/times.js';
import { lock, unlock } from './lock-acts.js';
import { live, me, now, openFile } from './page-state.js';
import { show } from './toasts.js';

/** Tells what the server has kept for whoever looks. */
export async function tellMissedNotices(): Promise<void> {
  try {
    const { notices } = await call('notices', { all: true });
    for (const notice of notices) tell(notice);
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
  }
}

/** Tells what an event means for whoever looks. */
export function tellOwner(event: NumberedEvent): void {
  if (event.event === 'asked' && isMe(event.owner, event.path)) tell({ ...event, reason: 'asked' });
  if (event.event === 'free' && event.owner === me.value.name) tell({ ...event, reason: 'free', by: event.owner });
  if (
    event.event === 'unlocked' &&
    event.reason !== 'released' &&
    isMe(event.owner, event.path) &&
    event.by !== me.value.name
  )
    tell(event as NoticeRow);
  if (event.event === 'opened' && event.lockedBy !== undefined && event.owner === me.value.name)
    tellLocked(event.path, event.lockedBy);
}

/** An automatic lock has the name of a person, and the account that he works under. */
function isMe(owner: string, path: string): boolean {
  const { name } = me.value;
  return (
    owner === name ||
    live.value.locks.some((lock) => lock.path === path && lock.owner === owner && lock.account === name)
  );
}

function tell({ path, reason, by, time, message, holder }: NoticeRow): void {
  const name = shownName(path);
  const at = whenText(time, now.value);
  const details = { label: 'Show', run: () => openFile(path) };
  if (reason === 'asked') {
    const why = message ? `: “${shownName(message)}”` : '';
    const actions = [{ label: 'Unlock', run: () => void unlock(path) }, details];
    show({
      icon: 'ask',
      tone: 'wait',
      text: `${shownName(by)} asks you to unlock ${name}${why}`,
      more: at,
      actions,
      stays: true,
    });
  } else if (reason === 'free') {
    const taken = holder === undefined ? '' : `, but ${shownName(holder)} has locked it since`;
    const actions = holder === undefined ? [{ label: 'Lock', run: () => void lock(path) }] : [];
    show({ icon: 'unlock', tone: 'good', text: `${name} is free${taken}`, more: at, actions, stays: true });
  } else {
    const how =
      reason === 'expired' ? 'has expired' : `was ${reason === 'stolen' ? 'taken over' : 'broken'} by ${shownName(by)}`;
    show({
      icon: 'steal',
      tone: 'wait',
      text: `Your lock on ${name} ${how}`,
      more: at,
      actions: [details],
      stays: true,
    });
  }
}

function tellLocked(path: string, by: string): void {
  const more = 'What you save is held until it is unlocked.';
  show({ icon: 'lock', tone: 'wait', text: `${shownName(by)} has ${shownName(path)} locked`, more, stays: true });
}
