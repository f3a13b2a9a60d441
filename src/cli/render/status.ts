// The pair at a glance.
import type { PairState, Status } from '../../wire/messages.js';
import type { Colors } from './colors.js';
import { countText, sizeText } from './size.js';
import { shownName } from './width.js';

export const STATES: Readonly<Record<PairState, string>> = {
  'in-sync': 'In sync',
  syncing: 'Syncing',
  scanning: 'Scanning',
  paused: 'Paused: nothing is carried until "client resume"',
  halted: 'Halted for safety: no file is touched',
  'peer-lost': 'Waiting for server-b',
};

/** @returns the status in a few aligned lines, each ended. */
export function statusText(status: Status, colors: Colors): string {
  const paint = status.state === 'in-sync' ? colors.green : status.state === 'halted' ? colors.red : colors.yellow;
  const lines = [
    paint(
      `${STATES[status.state] ?? status.state}${status.state === 'in-sync' ? exceptions(status.held, status.problems.length) : ''}`,
    ),
    '',
    `peer       ${shownName(status.peer.address)}, ${status.peer.connected ? 'connected' : 'not connected'}`,
    `side a     ${sideText(status.a)}`,
    `side b     ${status.b === null ? 'not known yet' : sideText(status.b)}`,
    `pending    ${status.pending}`,
    `held       ${status.held}`,
    `locks      ${status.locks}`,
    `conflicts  ${status.conflicts}`,
    `problems   ${status.problems.length}`,
    ...status.problems.map(
      ({ path, code, message }) => `  ${shownName([path, message].filter(Boolean).join(': '))} (${code})`,
    ),
  ];
  if (status.problems.some(({ code }) => CONFIRMABLE.has(code))) lines.push('', HALTED);
  return `${lines.join('\n')}\n`;
}

/** @returns what keeps both sides from being equal though all that can be done is done; '' where nothing does. */
export function exceptions(held: number, problems: number): string {
  const parts = [held > 0 && countText(held, 'held update'), problems > 0 && countText(problems, 'problem')].filter(
    Boolean,
  );
  return parts.length === 0 ? '' : `, but for ${parts.join(' and ')}`;
}

const CONFIRMABLE: ReadonlySet<string> = new Set(['root-emptied', 'mass-deletion']);
const HALTED = 'Put the files back, or, if they were meant to go, type "client resume --accept-deletes".';

const sideText = (side: { files: number; bytes: number }): string =>
  `${countText(side.files, 'file')}, ${sizeText(side.bytes)}`;
