// What a row of the list says of its file besides name, size and time: who has it, what waits, what is on its way.
import { isConflictCopy } from '../../../core/conflicts/copy-name.js';
import type { RelPath } from '../../../core/path.js';
import type { ListEntry, LockRow } from '../../../wire/client-api/methods.js';
import { peopleText, shownName } from './names.js';
import { sinceText } from './times.js';
import type { Tag } from './tones.js';

/** What is known of a file besides its row. */
interface FileFacts {
  readonly lock: LockRow | undefined;
  readonly held: number;
  /** The name of whoever looks. */
  readonly me: string;
}

/** @returns whether `me` holds the lock; an automatic one can be known by its account. */
export const isMine = ({ owner, account }: Pick<LockRow, 'owner' | 'account'>, me: string): boolean =>
  owner === me || account === me;

/** @returns whether the file is the copy of another that lost its name in a conflict. */
export const isCopy = (path: string): boolean => path.includes('(') && isConflictCopy(path as RelPath);

/** @returns the tags of a row, what a person has to decide first. */
export function rowTags({ path, on, type, syncing }: ListEntry, { lock, held, me }: FileFacts): readonly Tag[] {
  const tags: Tag[] = [];
  if (isCopy(path)) tags.push({ icon: 'conflict', tone: 'stop', text: 'conflict copy' });
  if (lock !== undefined) tags.push(lockTag(lock, me));
  if (held > 0) tags.push({ icon: 'held', tone: 'wait', text: `${held} held` });
  if (lock !== undefined && lock.waiting.length > 0) tags.push(waitingTag(lock, me));
  if (syncing !== undefined) tags.push({ icon: 'sync', tone: 'busy', text: `on the way, ${Math.floor(syncing)} %` });
  else if (on !== 'both') tags.push({ icon: 'side', tone: 'busy', text: `only on side ${on}` });
  if (type === 'symlink') tags.push({ icon: 'link', tone: 'plain', text: 'link' });
  return tags;
}

function lockTag(lock: LockRow, me: string): Tag {
  const mine = isMine(lock, me);
  const who = mine ? 'you' : shownName(lock.owner);
  const open = lock.kind === 'auto' && lock.app !== null;
  const doing = open ? `open in ${shownName(lock.app ?? '')} by ${who}` : `locked by ${who}`;
  return { icon: 'lock', tone: mine ? 'mine' : 'wait', text: lock.away === null ? doing : `${doing}, away` };
}

function waitingTag({ waiting }: LockRow, me: string): Tag {
  const others = waiting.map(({ owner }) => (owner === me ? 'you' : owner));
  const verb = others.length === 1 && others[0] !== 'you' ? 'waits' : 'wait';
  return { icon: 'clock', tone: 'wait', text: `${peopleText(others)} ${verb}` };
}

/** @returns the lock in a sentence: who, where, since when, until when, and why. */
export function lockSentence(lock: LockRow, me: string, now: Date): string {
  const who = isMine(lock, me) ? 'You have it' : `${shownName(lock.owner)} has it`;
  const open =
    lock.kind === 'auto' ? (lock.app === null ? ' because it changes there' : ` open in ${shownName(lock.app)}`) : '';
  const until = lock.expires === null ? '' : `, until ${sinceText(lock.expires, now).slice(6)}`;
  const away = lock.away === null ? '' : `, away ${sinceText(lock.away, now)}`;
  return `${who}${open} on side ${lock.side} ${sinceText(lock.since, now)}${until}${away}.`;
}
