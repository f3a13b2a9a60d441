// The pair at a glance.
import type { PairState, Status } from '../../wire/messages.js';
import type { Colors } from './colors.js';
import { countText, sizeText } from './size.js';
import { shownName } from './width.js';

const STATES: Readonly<Record<PairState, string>> = {
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
    paint(STATES[status.state] ?? status.state),
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
  if (status.state === 'halted') lines.push('', HALTED);
  return `${lines.join('\n')}\n`;
}

const HALTED = 'Put the files back, or, if they were meant to go, type "client resume --accept-deletes".';

const sideText = (side: { files: number; bytes: number }): string =>
  `${countText(side.files, 'file')}, ${sizeText(side.bytes)}`;
