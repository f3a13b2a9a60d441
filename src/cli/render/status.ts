// The state of the pair as text for people.

import type { Side } from '../../core/path.js';
import { type SideNames, sideNamesIn } from '../../core/side-name.js';
import { countText, sizeText } from '../../core/size-text.js';
import type { LockRow, PairState, Status } from '../../wire/client-api/methods.js';
import { haltInTheirNames, inTheirNames, PLAIN_NAMES, type ProgramNames } from '../program-name.js';
import type { Colors } from './colors.js';
import { lockText } from './lock-words.js';
import { waitersText } from './locks.js';
import { minuteText } from './time.js';
import { shownName } from './width.js';

const STATES: Readonly<Record<PairState, string>> = {
  'in-sync': 'In sync',
  syncing: 'Syncing',
  scanning: 'Scanning',
  paused: 'Paused: nothing is synchronised until "client resume"',
  halted: 'Halted for safety: no file is touched',
  'peer-lost': 'Server-b is away',
};

/** @returns the state in a sentence, with what keeps both sides from being equal. */
export function stateText({ state, held, problems, paused }: Status, names: ProgramNames = PLAIN_NAMES): string {
  if (state === 'in-sync') return `${STATES[state]}${exceptions(held, problems.length)}`;
  // Nobody has paused the pair: the server asks before the first contact. Earlier servers do not tell who has.
  if (state === 'paused' && paused === null) return UNANSWERED;
  if (state === 'paused' && paused) return inTheirNames(pausedText(paused), names);
  const text = STATES[state];
  return text === undefined ? shownName(String(state)) : inTheirNames(text, names);
}

/** What is said while the server asks. */
const UNANSWERED = 'Waiting: somebody is asked before anything is transferred';

const pausedText = ({ by, since }: NonNullable<Status['paused']>): string =>
  `Paused by ${shownName(by)} since ${minuteText(since)}. Go on with: client resume`;

/** The number of locks that are listed one by one. */
const MAX_LOCKS = 10;

/**
 * @param locks the locks; called only where there are any.
 * @returns the status in a few aligned lines, each with a newline.
 */
export function statusText(
  status: Status,
  locks: readonly LockRow[],
  colors: Colors,
  names: ProgramNames = PLAIN_NAMES,
): string {
  const paint = status.state === 'in-sync' ? colors.green : status.state === 'halted' ? colors.red : colors.yellow;
  const isAway = !status.peer.connected;
  const sides = sideNamesIn(status.names);
  const nameOf = (side: Side): string => (sides[side] === side ? '' : `${sides[side]}: `);
  const lines = [
    paint(stateText(status, names)),
    '',
    `peer       ${shownName(status.peer.address)}, ${status.peer.connected ? 'connected' : 'not connected'}`,
    `side a     ${nameOf('a')}${sideText(status.a)}${whenSeen(status, 'a')}`,
    `side b     ${nameOf('b')}${status.b === null ? 'not known yet' : `${sideText(status.b)}${whenSeen(status, 'b')}`}`,
    `pending    ${pendingText(status)}`,
    `in sync    ${agreedText(status)}`,
    `held       ${status.held}`,
    `locks      ${status.locks}`,
    ...lockLines(locks, names, sides),
    `conflicts  ${status.conflicts}`,
    `versions   ${versionsText(status.versions)}`,
    `problems   ${status.problems.length}`,
    ...status.problems.map(
      ({ path, code, message }) =>
        `  ${shownName([path, haltInTheirNames(message, names)].filter(Boolean).join(': '))} (${shownName(code)})`,
    ),
  ];
  if (isAway) lines.push('', status.b === null ? bIsUnknown(names) : bIsAway(names));
  const unadvised = status.problems.filter(({ message }) => !message.includes('client resume'));
  const waysOut = new Set(unadvised.flatMap(({ code }) => WAYS_OUT.get(code) ?? []));
  for (const way of waysOut) lines.push('', inTheirNames(way, names));
  return `${lines.join('\n')}\n`;
}

/** Says that a side is shown as it was last seen. */
export const whenSeen = (status: Status, side: Side): string =>
  outdatedOf(status).includes(side) ? ' when last seen' : '';

/** Servers of earlier versions do not tell it of a side that is connected. */
const outdatedOf = ({ peer, outdated }: Status): readonly Side[] => outdated ?? (peer.connected ? [] : ['b']);

/** `12 files, 3.40 MB`: of both sides, as far as they are known. */
function versionsText(versions: Status['versions'] | undefined): string {
  const known = [versions?.a, versions?.b].filter((usage) => usage !== null && usage !== undefined);
  if (known.length === 0) return 'not known yet';
  const sum = (of: 'files' | 'bytes') => known.reduce((all, usage) => all + usage[of], 0);
  const missing = known.length === 2 ? '' : `, without side ${versions?.a == null ? 'a' : 'b'}`;
  return `${countText(sum('files'), 'file')}, ${sizeText(sum('bytes'))}${missing}`;
}

/** `3 (1.10 GB)`. */
function pendingText({ pending, left }: Status): string {
  return left === undefined || left.bytes === 0 ? String(pending) : `${pending} (${sizeText(left.bytes)})`;
}

/** When both sides last agreed; servers of earlier versions do not say it. */
function agreedText({ state, lastInSync }: Status): string {
  if (state === 'in-sync') return 'now';
  return lastInSync === null || lastInSync === undefined ? 'not yet' : minuteText(lastInSync);
}

/** For example `  roof.dwg: anna, 2 held, ben and 2 more wait`, or `  plan.odt: open in LibreOffice by anna (b) since 10:04`. */
function lockLines(locks: readonly LockRow[], { client }: ProgramNames, sides: SideNames): string[] {
  const lines = locks.slice(0, MAX_LOCKS).map((lock) => {
    const { path, owner, held, waiting } = lock;
    const who = lock.kind === 'auto' ? lockText(lock, sides) : shownName(owner);
    const facts = [who, held > 0 && `${held} held`, waitersText(waiting)].filter(Boolean);
    return `  ${shownName(path)}: ${facts.join(', ')}`;
  });
  const more = locks.length - lines.length;
  return more === 0 ? lines : [...lines, `  and ${more} more: ${client} locks`];
}

/** @returns the same of a status. */
export const exceptionsOf = ({ held, problems }: Status): string => exceptions(held, problems.length);

/** @returns why both sides differ although nothing is left to do; '' where they do not. */
export function exceptions(held: number, problems: number): string {
  const parts = [held > 0 && countText(held, 'held update'), problems > 0 && countText(problems, 'problem')].filter(
    Boolean,
  );
  return parts.length === 0 ? '' : `, but for ${parts.join(' and ')}`;
}

const LOST =
  'Put the files back; or, to get them from the other side, type "client resume --new-partner"; or, to delete them there, too, "client resume --accept-deletes".';
/** The hint for each halt of which the server's message gives none. */
const WAYS_OUT: ReadonlyMap<string, string> = new Map([
  ['root-emptied', LOST],
  ['mass-deletion', LOST],
  [
    'other-partner',
    'Start server-b with the right directory, or, if this one is meant, type "client resume --new-partner".',
  ],
  [
    'root-unmounted',
    'Mount the disk and start server-a again, or, if this one is meant, type "client resume --new-partner".',
  ],
  ['locks-lost', 'Lock the files again that should stay locked, then type "client resume --accept-lost-locks".'],
  [
    'rolled-back',
    'To keep what is newer on side a, type "client resume --new-partner"; to take it back, "client resume --accept-rollback".',
  ],
]);

const sideText = (side: { files: number; bytes: number }): string =>
  `${countText(side.files, 'file')}, ${sizeText(side.bytes)}`;

/** @returns why nothing is transferred now, and what can be done; null where nothing is in the way. */
export function whyNothingMoves(status: Status, names: ProgramNames): string | null {
  if (status.state === 'halted') {
    const [side] = outdatedOf(status);
    const shown = side === undefined ? '' : ` What is shown of side ${side} is what was last seen of it.`;
    return `${STATES.halted}.${shown} See why with: ${names.client} status`;
  }
  if (!status.peer.connected) return bIsAway(names);
  return status.state === 'paused' ? stateText(status, names) : null;
}

/** @returns why a change that a client made may not be on both sides yet; null where nothing is in the way. */
export function whyWritesWait({ peer, paused }: Status, names: ProgramNames): string | null {
  if (paused) {
    const since = `Paused by ${shownName(paused.by)} since ${minuteText(paused.since)}`;
    return `${since}: what is not on both sides yet waits until: ${names.client} resume`;
  }
  return peer.connected ? null : `Server-b is away: it gets the change when it is back. ${startB(names)}`;
}

export const startB = ({ serverB }: ProgramNames): string => `Start it with "${serverB}".`;

const bIsAway = (names: ProgramNames): string =>
  `Server-b is away: what is shown of side b is what was last known. ${startB(names)}`;

const bIsUnknown = (names: ProgramNames): string =>
  `Server-b is away: nothing is known of side b yet. ${startB(names)}`;

export const waitingForB = (names: ProgramNames): string => `Server-b is away; waiting for it. ${startB(names)}`;
