// One line for each event, the same in the servers' logs and in `client watch`:
// `14:03:22.118  a → b  modified  docs/plan.txt  12.30 KB  4 ms`.
import type { Gap, SyncEvent } from '../../core/events.js';
import type { Side } from '../../core/path.js';
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import { countText, sizeText } from '../../core/size-text.js';
import { haltInTheirNames } from '../program-name.js';
import type { Colors } from './colors.js';
import { clockText, datedClockText, minuteText } from './time.js';
import { shownName } from './width.js';

/** Work of less than so many bytes, and less than so many files, is over before a line about it was read. */
const MUCH_BYTES = 4 << 20;
const MANY_FILES = 100;

/** @returns whether an event is worth a line for people: that work begins is not, where it is little. */
export const isWorthALine = (event: SyncEvent | Gap): boolean =>
  event.event !== 'syncing' || event.bytes >= MUCH_BYTES || event.files >= MANY_FILES;

/** What the line of an event needs besides it. */
interface EventContext {
  /** Whether the line begins with the date. */
  readonly dated?: boolean;
  /** The client as it is to be typed, for commands that are advised. */
  readonly client?: string;
  /** What keeps both sides from being equal though nothing is left to do, as `exceptions` words it. */
  readonly butFor?: string;
  /** What the sides are called. */
  readonly names?: SideNames;
}

/** @returns the line for an event, not ended. Names in it are safe to show. */
export function eventText(event: SyncEvent | Gap, time: Date, colors: Colors, context: EventContext = {}): string {
  const { dated = false } = context;
  const [word, ...rest] = eventWords(event, context);
  return [
    colors.dim(dated ? datedClockText(time) : clockText(time)),
    paint(event, colors)(word!),
    ...rest.filter((part) => part !== ''),
  ].join('  ');
}

type Span = readonly [text: string, paint: (text: string) => string];

/** The same without the time, in pieces with their colours, for lines that may be cut; the figures at its end apart. */
export function eventSpans(
  event: SyncEvent | Gap,
  colors: Colors,
  context: EventContext = {},
): { readonly words: readonly Span[]; readonly figures: readonly Span[] } {
  const [word, ...rest] = eventWords(event, context);
  const others = rest.filter((part) => part !== '');
  const words = others.slice(0, others.findLastIndex((part) => !FIGURE.test(part)) + 1);
  const span = (part: string): Span => [`  ${part}`, String];
  return {
    words: [[word!, paint(event, colors)], ...words.map(span)],
    figures: others.slice(words.length).map(span),
  };
}

/** A size, a count of files or a time. */
const FIGURE = /^[\d.]+ (B|[KMGTP]B|files?|ms)$/;

function eventWords(event: SyncEvent | Gap, context: EventContext): string[] {
  const { client = 'client', butFor = '', names = UNNAMED } = context;
  switch (event.event) {
    case 'listening':
      return ['listening', shownName(`${event.host}:${event.port}`), shownName(event.dir)];
    case 'peer-connected':
      return ['peer connected'];
    case 'peer-lost':
      return ['peer lost', shownName(event.reason)];
    case 'scan-started':
      return ['scanning'];
    case 'scan-finished':
      return ['scanned', ...volume(event), `${Math.round(event.ms)} ms`];
    case 'synced':
      return syncedWords(event, names);
    case 'in-sync':
      return [`in sync${butFor}`, ...volume(event)];
    case 'problem':
      return ['problem', shownName(event.path), withCode(event, client)];
    case 'halted':
      return ['halted', withCode(event, client)];
    case 'paused':
      return [
        'paused',
        `by ${shownName(event.by)}`,
        event.since === undefined ? '' : `since ${minuteText(event.since)}`,
      ];
    case 'resumed':
      return ['resumed', event.by === null ? '' : `by ${shownName(event.by)}`];
    case 'syncing':
      return ['syncing', ...volume(event)];
    case 'gap':
      return ['gap', missingText(event.missed)];
    default:
      return lockWords(event, names);
  }
}

const withCode = ({ message, code }: { message: string; code: string }, client: string): string =>
  `${shownName(haltInTheirNames(message, { client }))} (${shownName(code)})`;

type LockEvent = Extract<
  SyncEvent,
  {
    event:
      | 'held'
      | 'applied'
      | 'locked'
      | 'unlocked'
      | 'waiting'
      | 'left'
      | 'free'
      | 'asked'
      | 'conflict'
      | 'opened'
      | 'closed';
  }
>;

function lockWords(event: LockEvent, names: SideNames): string[] {
  const path = shownName(event.path);
  switch (event.event) {
    case 'held':
      return ['held', event.action.padEnd(8), path, `update ${event.position} waits for the lock`];
    case 'applied':
      return ['applied', event.action.padEnd(8), path, `held update ${event.position} of ${event.of}`];
    case 'locked':
      return ['locked', path, `by ${shownName(event.owner)}`, `on side ${names[event.side]}`, lockedHow(event)];
    case 'opened':
      return ['opened', path, ...openedWords(event, names), otherHolder(event, names)];
    case 'closed':
      return ['closed', path, ...openedWords(event, names)];
    case 'unlocked':
      return ['unlocked', path, unlockedHow(event)];
    case 'waiting':
      return ['waiting', path, `${shownName(event.owner)} is number ${event.position} in the queue`];
    case 'left':
      return ['left', path, `${shownName(event.owner)} waits no more`];
    case 'free':
      return ['free', path, `${shownName(event.owner)} can lock it now`];
    case 'asked':
      return ['asked', path, askedHow(event)];
    case 'conflict':
      return ['conflict', path, `side ${names[event.kept]} keeps the name`, conflictCopy(event.copy)];
    default:
      return unknownWords(event);
  }
}

/** @returns which way something goes from `from`; the letters stand still. */
export const wayText = (from: Side, { a, b }: SideNames = UNNAMED): string => `${a} ${from === 'a' ? '→' : '←'} ${b}`;

function syncedWords(event: Extract<SyncEvent, { event: 'synced' }>, names: SideNames): string[] {
  const name = event.was === undefined ? shownName(event.path) : `${shownName(event.was)} → ${shownName(event.path)}`;
  const size = event.action === 'deleted' ? '' : sizeText(event.bytes);
  return [wayText(event.from, names), event.action.padEnd(8), name, size, `${Math.round(event.ms)} ms`];
}

function unlockedHow(event: Extract<SyncEvent, { event: 'unlocked' }>): string {
  const owner = shownName(event.owner);
  if (event.reason === 'released') return `by ${owner}`;
  if (event.reason === 'expired') return `the lock of ${owner} has expired`;
  return `${event.reason} by ${shownName(event.by)}, was held by ${owner}`;
}

const lockedHow = ({ kind, app }: Extract<SyncEvent, { event: 'locked' }>): string =>
  kind === undefined ? '' : app == null ? 'because it changes there' : `open in ${shownName(app)}`;

const openedWords = (
  { app, owner, side }: Extract<SyncEvent, { event: 'opened' | 'closed' }>,
  names: SideNames,
): string[] => [`in ${shownName(app)}`, `by ${shownName(owner)}`, `on side ${names[side]}`];

const otherHolder = ({ lockedBy, side }: Extract<SyncEvent, { event: 'opened' }>, names: SideNames): string =>
  lockedBy === undefined ? '' : `but ${shownName(lockedBy)} has the lock: what is saved on side ${names[side]} is held`;

function askedHow({ by, owner, message }: Extract<SyncEvent, { event: 'asked' }>): string {
  const who = `${shownName(by)} asks ${shownName(owner)}`;
  return message === '' ? `${who} to unlock it` : `${who}: "${shownName(message)}"`;
}

const conflictCopy = (copy: string | null): string =>
  copy === null ? 'the other content is in versions' : `the other is ${shownName(copy)}`;

const missingText = (missed: number | null): string =>
  missed === null
    ? 'the server has started anew: what it said before is missing here'
    : `${countText(missed, 'event')} missing here: no longer kept`;

const volume = (event: { files: number; bytes: number }): string[] => [
  countText(event.files, 'file'),
  sizeText(event.bytes),
];

/** A newer server may say what this client has no words for. */
function unknownWords(event: never): string[] {
  const { event: word, time: _time, run: _run, id: _id, ...fields } = event as Record<string, unknown>;
  return [shownName(String(word)), shownName(JSON.stringify(fields))];
}

function paint(event: SyncEvent | Gap, colors: Colors): (text: string) => string {
  switch (event.event) {
    case 'problem':
    case 'halted':
      return colors.red;
    case 'asked':
    case 'conflict':
    case 'gap':
    case 'peer-lost':
    case 'paused':
    case 'held':
      return colors.yellow;
    case 'locked':
    case 'unlocked':
    case 'waiting':
    case 'left':
    case 'syncing':
      return colors.cyan;
    case 'in-sync':
    case 'free':
    case 'peer-connected':
      return colors.green;
    default:
      return String;
  }
}
