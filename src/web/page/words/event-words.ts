// What happened, for people: one line an event, with who, what and where; the file it is about stands apart, so that it
// can be opened.
import type { Gap, SyncEvent } from '../../../core/events.js';
import { countText, sizeText } from '../../../core/size-text.js';
import { foundText } from './halts.js';
import { shownName } from './names.js';
import type { IconName, Tone } from './tones.js';

interface EventLine {
  readonly icon: IconName;
  readonly tone: Tone;
  /** What happened, before the name of the file. */
  readonly text: string;
  /** The file; '' where it is about none. */
  readonly path: string;
  /** More about it, after the name. */
  readonly more: string;
}

const line = (icon: IconName, tone: Tone, text: string, path = '', more = ''): EventLine => ({
  ...{ icon, tone, text, path, more },
});

const DONE = {
  created: 'New',
  modified: 'Changed',
  deleted: 'Deleted',
  renamed: 'Renamed',
  metadata: 'Rights or time',
};

/** @returns the line of an event. */
export function eventLine(event: SyncEvent | Gap): EventLine {
  switch (event.event) {
    case 'synced':
      return syncedLine(event);
    case 'listening':
      return line('play', 'plain', 'Server started', '', shownName(event.dir));
    case 'peer-connected':
      return line('check', 'good', 'The other side is there');
    case 'peer-lost':
      return line('away', 'wait', 'The other side is away', '', shownName(event.reason));
    case 'scan-started':
      return line('sync', 'plain', 'Looking through the directory');
    case 'scan-finished':
      return line('sync', 'plain', 'Looked through the directory', '', countText(event.files, 'file'));
    case 'problem':
      return line('warn', 'stop', 'Problem', event.path, shownName(event.message));
    case 'halted':
      return line('stop', 'stop', 'Stopped for safety', '', shownName(foundText(event.message)));
    case 'paused':
      return line('pause', 'wait', `Paused by ${shownName(event.by)}`);
    case 'resumed':
      return line('play', 'good', event.by === null ? 'Goes on by itself' : `Goes on, says ${shownName(event.by)}`);
    case 'syncing':
      return line('sync', 'busy', `${countText(event.files, 'file')} on the way`, '', sizeText(event.bytes));
    case 'in-sync':
      return line('check', 'good', 'In sync', '', countText(event.files, 'file'));
    case 'gap':
      return line('warn', 'wait', 'Something is missing here', '', gapText(event.missed));
    default:
      return lockLine(event);
  }
}

type AboutLocks = Exclude<
  SyncEvent,
  {
    event:
      | 'synced'
      | 'listening'
      | 'peer-connected'
      | 'peer-lost'
      | 'scan-started'
      | 'scan-finished'
      | 'problem'
      | 'halted'
      | 'paused'
      | 'resumed'
      | 'syncing'
      | 'in-sync';
  }
>;

function lockLine(event: AboutLocks): EventLine {
  switch (event.event) {
    case 'held':
      return line(
        'held',
        'wait',
        'Held',
        event.path,
        `${DONE[event.action].toLowerCase()}; update ${event.position} waits`,
      );
    case 'applied':
      return line('held', 'good', 'Held update applied', event.path, `${event.position} of ${event.of}`);
    case 'locked':
      return line('lock', 'mine', `Locked by ${shownName(event.owner)}`, event.path, `on side ${event.side}`);
    case 'unlocked':
      return unlockedLine(event);
    case 'opened':
    case 'closed':
      return openedLine(event);
    case 'waiting':
      return line(
        'clock',
        'wait',
        `${shownName(event.owner)} waits for`,
        event.path,
        `number ${event.position} in line`,
      );
    case 'left':
      return line('clock', 'plain', `${shownName(event.owner)} waits no more for`, event.path);
    case 'free':
      return line('unlock', 'good', `Free for ${shownName(event.owner)}`, event.path);
    case 'asked':
      return line(
        'ask',
        'wait',
        `${shownName(event.by)} asks ${shownName(event.owner)} for`,
        event.path,
        said(event.message),
      );
    case 'conflict':
      return line('conflict', 'stop', 'Conflict', event.path, conflictText(event));
    default:
      return line('pulse', 'plain', shownName(String((event as { event: unknown }).event)));
  }
}

const said = (message: string): string => (message === '' ? '' : `“${shownName(message)}”`);

function syncedLine({ path, action, from, to, bytes, was }: Extract<SyncEvent, { event: 'synced' }>): EventLine {
  const way = `side ${from} → side ${to}`;
  const facts = [way, action === 'deleted' ? '' : sizeText(bytes), was === undefined ? '' : `was ${shownName(was)}`];
  const icon = ({ created: 'file', modified: 'sync', deleted: 'delete', renamed: 'rename', metadata: 'sync' } as const)[
    action
  ];
  return line(icon, 'plain', DONE[action] ?? shownName(action), path, facts.filter(Boolean).join(', '));
}

function unlockedLine({ path, owner, by, reason }: Extract<SyncEvent, { event: 'unlocked' }>): EventLine {
  const whose = `the lock of ${shownName(owner)}`;
  if (reason === 'released') return line('unlock', 'plain', `Unlocked by ${shownName(owner)}`, path);
  if (reason === 'expired') return line('unlock', 'plain', 'Lock expired', path, whose);
  const how = reason === 'stolen' ? 'Taken over' : 'Unlocked by force';
  return line('steal', 'wait', `${how} by ${shownName(by)}`, path, whose);
}

function openedLine(event: Extract<SyncEvent, { event: 'opened' | 'closed' }>): EventLine {
  const how = event.event === 'opened' ? 'Opened' : 'Closed';
  const lockedBy = 'lockedBy' in event && event.lockedBy !== undefined ? event.lockedBy : null;
  const other = lockedBy === null ? '' : `; ${shownName(lockedBy)} has the lock`;
  const where = `in ${shownName(event.app)} on side ${event.side}${other}`;
  return line('file', lockedBy === null ? 'plain' : 'wait', `${how} by ${shownName(event.owner)}`, event.path, where);
}

const conflictText = ({ kept, copy }: Extract<SyncEvent, { event: 'conflict' }>): string =>
  `side ${kept} keeps the name; ${copy === null ? 'the other content is in versions' : `the other is ${shownName(copy)}`}`;

const gapText = (missed: number | null): string =>
  missed === null ? 'the server has started anew' : `${countText(missed, 'event')} are no longer kept`;
