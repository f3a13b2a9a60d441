// Who has a file and how, in words.
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import type { LockInfo, LockRow } from '../../wire/client-api/methods.js';
import { shortTimeText } from './time.js';
import { shownName } from './width.js';

type Held = LockInfo | LockRow;

/** @returns `locked by ann`, or `open in LibreOffice by ann (b) since 10:04` where nobody took the lock by hand. */
export function lockText(lock: Held, names: SideNames = UNNAMED, now = new Date()): string {
  const owner = shownName(lock.owner);
  if (lock.kind !== 'auto') return `locked by ${owner}`;
  const doing = lock.app == null ? 'in work' : `open in ${shownName(lock.app)}`;
  return `${doing} by ${owner} (${names[lock.side]}) since ${shortTimeText(lock.since, now)}${awayText(lock, names, now)}`;
}

/** @returns why a lock is there: its message, or what is open. */
export function lockReason(lock: Held, names: SideNames = UNNAMED, now = new Date()): string {
  const message = shownName(lock.message);
  if (lock.kind !== 'auto' && lock.app == null) return message;
  const doing = lock.app == null ? 'being changed' : `open in ${shownName(lock.app)}`;
  return `${doing}${awayText(lock, names, now)}${message === '' ? '' : `: ${message}`}`;
}

const awayText = ({ away, side }: Held, names: SideNames, now: Date): string =>
  away == null ? '' : `, side ${names[side]} away since ${shortTimeText(away, now)}`;
