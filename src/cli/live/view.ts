// The live view as a pure function: what is known and a window's size in, its lines out. The head says how the pair
// stands; what needs a person comes first below it; the events have the rest.

import type { LiveState } from '../../client/live-state.js';
import { sideNamesIn } from '../../core/side-name.js';
import { countText, sizeText } from '../../core/size-text.js';
import type { Status } from '../../wire/client-api/methods.js';
import { PLAIN_NAMES, type ProgramNames } from '../program-name.js';
import type { Colors } from '../render/colors.js';
import { stateText, whenSeen } from '../render/status.js';
import { clockText } from '../render/time.js';
import { shownName, widthOf } from '../render/width.js';
import { conflictRows, eventRows, heldRows, lockRows, problemRows, shownEvents, transferRows } from './sections.js';
import { shareLines } from './share-lines.js';
import { lineOf, type Paint, type Span, withWhole } from './spans.js';

const NARROW = 60;

export interface WindowSize {
  readonly columns: number;
  readonly rows: number;
}

/** @returns at most `rows` lines, each at most `columns` wide. */
export function liveLines(
  state: LiveState,
  { columns, rows }: WindowSize,
  colors: Colors,
  names: ProgramNames = PLAIN_NAMES,
): string[] {
  const head = headLines(state, columns, colors, names);
  const foot = rows >= 8 ? [lineOf([['q quits', colors.dim]], columns)] : [];
  const context = rows - head.length - foot.length;
  const body = context > 1 ? bodyLines(state, { columns, rows: context }, colors, names) : [];
  const filler = Array.from({ length: foot.length === 0 ? 0 : Math.max(0, context - body.length) }, () => '');
  return [...head, ...body, ...filler, ...foot].slice(0, Math.max(1, rows));
}

function headLines(state: LiveState, columns: number, colors: Colors, names: ProgramNames): string[] {
  const [said, paint] = stateSpan(state, colors, names);
  const { server } = state;
  const gap = ' '.repeat(Math.max(2, columns - widthOf(said) - widthOf(server)));
  const lines = [lineOf(withWhole([[said, paint]], [[gap + server, colors.dim]], columns), columns)];
  const { status } = state;
  if (status === null) return lines;
  lines.push(...sidesLines(status, columns), lineOf(countSpans(state, columns, colors), columns));
  const progress = progressText(state, columns);
  if (progress !== '') lines.push(lineOf([[progress, colors.cyan]], columns));
  return lines;
}

/** Both sides in one line, or in two where the window is narrower. */
function sidesLines(status: Status, columns: number): string[] {
  const { a, b } = status;
  const [seenA, seenB] = [whenSeen(status, 'a'), whenSeen(status, 'b')];
  if (b !== null && a.files === b.files && a.bytes === b.bytes && seenA + seenB === '')
    return [lineOf([`${sideText(a)} on each side`], columns)];
  const names = sideNamesIn(status.names);
  const sides = [
    `${names.a} ${sideText(a)}${seenA}`,
    `${names.b} ${b === null ? 'not known yet' : `${sideText(b)}${seenB}`}`,
  ];
  const line = sides.join('   ');
  return (widthOf(line) <= columns ? [line] : sides).map((text) => lineOf([text], columns));
}

const sideText = ({ files, bytes }: { files: number; bytes: number }): string =>
  `${countText(files, 'file')}, ${sizeText(bytes)}`;

function stateSpan({ lostSince, status }: LiveState, colors: Colors, names: ProgramNames): [string, Paint] {
  if (lostSince !== null) {
    return [
      `server-a is gone since ${clockText(lostSince).slice(0, 8)}: trying again`,
      (text) => colors.bold(colors.red(text)),
    ];
  }
  if (status === null) return ['Connected', colors.bold];
  const { state } = status;
  if (state === 'peer-lost')
    return [`Server-b is away: ${names.serverB} starts it`, (text) => colors.bold(colors.yellow(text))];
  const said = stateText(status, names);
  const paint = state === 'in-sync' ? colors.green : state === 'halted' ? colors.red : colors.yellow;
  return [shownName(said), (text) => colors.bold(paint(text))];
}

/** A small window shows only the sections that have rows, first what a person has to decide. */
function countSpans({ status, transfers }: LiveState, columns: number, colors: Colors): Span[] {
  if (status === null) return [];
  const counts: [string, number, Paint][] = [
    ['pending', Math.max(status.pending, transfers.left.files), colors.cyan],
    ['held', status.held, colors.magenta],
    ['locks', status.locks, colors.yellow],
    ['conflicts', status.conflicts, colors.red],
    ['problems', status.problems.length, colors.red],
  ];
  const some = columns < NARROW ? counts.filter(([, n], i) => i === 0 || n > 0).reverse() : counts;
  const spans = some.map(
    ([word, n, paint], i): Span => [`${i === 0 ? '' : '  '}${word} ${n}`, n === 0 ? colors.dim : paint],
  );
  return withWhole([], spans, columns);
}

/**
 * How far the work is: `43 %  1 of 3 changes, 1.20 GB of 3.40 GB`, in a narrow window without the changes; or, while nothing
 * is transferred, how much waits.
 */
function progressText({ status, transfers: { left: known, done, percent } }: LiveState, columns: number): string {
  // While nothing is transferred no event says that something changed, so the state is newer.
  const left = status?.state === 'syncing' ? known : (status?.left ?? known);
  if (left.files === 0) return '';
  if (status?.state !== 'syncing') return `${countText(left.files, 'change')}, ${sizeText(left.bytes)} to transfer`;
  const files = `${done.files} of ${countText(done.files + left.files, 'change')}`;
  const size = done.bytes + left.bytes;
  const volume = size === 0 ? '' : `${sizeText(done.bytes)} of ${sizeText(size)}`;
  const all = [files, volume].filter(Boolean).join(', ');
  const forms = [`${percent} %  ${all}`, `${percent} %  ${volume || files}`, `${percent} %`];
  return forms.find((form) => widthOf(form) <= columns) ?? '';
}

/** Makes at most `most` lines for a window of `columns` columns. */
type Rows = (columns: number, most: number) => Span[][];

function bodyLines(state: LiveState, { columns, rows }: WindowSize, colors: Colors, names: ProgramNames): string[] {
  const { status, transfers, locks, held, conflicts } = state;
  const events = shownEvents(state);
  const problems = status?.problems ?? [];
  const sections: [string, number, Rows][] = [
    ['Problems', problems.length, (_, most) => problemRows(status, most, colors)],
    ['Transfers', transfers.transfers.length, (width, most) => transferRows(state, width, most, colors)],
    ['Events', events.length, (width, most) => eventRows(state, width, most, colors, names)],
    ['Locks', locks.length, (width, most) => lockRows(state, width, most, colors)],
    ['Held updates', held.length, (width, most) => heldRows(held, width, most)],
    ['Conflict copies', conflicts.length, (_, most) => conflictRows(conflicts, most)],
  ];
  const wishes = sections.map(([, wanted]) => ({ wanted }));
  const shares = shareLines(wishes, rows);
  const lines: string[] = [];
  for (const i of [0, 1, 3, 4, 5, 2]) {
    const most = shares[i]!;
    if (most < 0) continue;
    const [title, count, make] = sections[i]!;
    const more = count > most && title !== 'Events' ? ` (${most} of ${count})` : '';
    lines.push(lineOf([[`${title}${more}`, colors.bold]], columns));
    for (const spans of make(columns, most)) lines.push(lineOf(spans, columns));
  }
  return lines;
}
