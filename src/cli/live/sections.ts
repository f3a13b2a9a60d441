// The rows of the live view's sections. Names take precedence where they fit; figures are aligned.

import type { LiveState } from '../../client/live-state.js';
import { otherSide } from '../../core/path.js';
import { sideNamesIn } from '../../core/side-name.js';
import { sizeText } from '../../core/size-text.js';
import type { ConflictRow, HeldRow, Status } from '../../wire/client-api/methods.js';
import type { ProgramNames } from '../program-name.js';
import type { Colors } from '../render/colors.js';
import { eventSpans, isWorthALine, wayText } from '../render/event.js';
import { lockReason } from '../render/lock-words.js';
import { askersText, waitersText } from '../render/locks.js';
import { clockText, minuteText } from '../render/time.js';
import { shownName, widthOf } from '../render/width.js';
import { cell, type Span, withWhole } from './spans.js';

const BAR_WIDTH = 20;

export function problemRows(status: Status | null, most: number, colors: Colors): Span[][] {
  return (status?.problems ?? [])
    .slice(0, most)
    .map(({ path, message }) => [[`  ${path === '' ? '' : `${shownName(path)}: `}`, colors.red], shownName(message)]);
}

/**
 * `  a → b  [########------------]  43 %  5.40 MB of 12.60 MB  art/cover.psd`; the bar gives way first. What is still being
 * read: `  a → b  reading  12.60 MB  art/cover.psd`.
 */
export function transferRows(
  { transfers, status }: LiveState,
  columns: number,
  most: number,
  colors: Colors,
): Span[][] {
  return transfers.transfers.slice(0, most).map(({ path, to, size, arrived, reading }) => {
    const arrow = `  ${wayText(otherSide(to), sideNamesIn(status?.names))}  `;
    if (reading) return [arrow, ['reading  ', colors.cyan], `${sizeText(size)}  `, shownName(path)];
    const share = size === 0 ? 1 : arrived / size;
    const width = columns < 70 ? 0 : BAR_WIDTH;
    const filled = Math.round(share * width);
    const bar = width === 0 ? '' : `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]  `;
    const figures = `${String(Math.floor(share * 100)).padStart(3)} %  `;
    const volume = columns < 60 ? '' : `${sizeText(arrived)} of ${sizeText(size)}  `;
    return [arrow, [bar, colors.cyan], figures, volume, shownName(path)];
  });
}

/** Narrower windows show the number of waiters but not the time of the lock, in columns. */
const NARROW = 60;

/** For example `  art/cover.psd  ann on a since 14:03, 2 held, bob and carl wait`. */
export function lockRows(
  { locks, status }: Pick<LiveState, 'locks' | 'status'>,
  columns: number,
  most: number,
  colors: Colors,
): Span[][] {
  const names = sideNamesIn(status?.names);
  const some = locks.slice(0, most);
  const width = nameWidth(some, columns);
  return some.map((lock) => {
    const owner = shownName(lock.owner);
    const facts = [
      ` on ${names[lock.side]}${columns < NARROW ? '' : ` since ${minuteText(lock.since).slice(11)}`}`,
      lock.kind === 'auto' || lock.app !== null ? `, ${lockReason(lock, names)}` : '',
      lock.expires === null || columns < NARROW ? '' : `, until ${minuteText(lock.expires).slice(11)}`,
      lock.held === 0 ? '' : `, ${lock.held} held`,
      lock.waiting.length === 0
        ? ''
        : `, ${columns < NARROW ? countedText(lock.waiting.length) : waitersText(lock.waiting)}`,
      lock.asked === undefined ? '' : `, ${askersText(lock.asked)}`,
    ];
    return ['  ', cell(shownName(lock.path), width), '  ', [owner, colors.yellow], facts.join('')];
  });
}

const countedText = (waiting: number): string => `${waiting} wait${waiting === 1 ? 's' : ''}`;

export function heldRows(held: readonly HeldRow[], columns: number, most: number): Span[][] {
  const some = held.slice(0, most);
  const width = nameWidth(some, columns);
  return some.map(({ path, position, action, size, received }) =>
    withWhole(
      ['  ', cell(shownName(path), width), `  ${position}  ${action}`],
      [action === 'deleted' ? '' : `  ${sizeText(size)}`, `  ${minuteText(received).slice(11)}`],
      columns,
    ),
  );
}

export const conflictRows = (conflicts: readonly ConflictRow[], most: number): Span[][] =>
  conflicts.slice(0, most).map(({ copy }) => ['  ', shownName(copy)]);

/** What happened that is worth a line. */
export const shownEvents = ({ events }: LiveState): LiveState['events'] =>
  events.filter((happened) => !('event' in happened) || isWorthALine(happened.event));

/** The latest last, as in a log. */
export function eventRows(
  state: LiveState,
  columns: number,
  most: number,
  colors: Colors,
  { client }: Pick<ProgramNames, 'client'>,
): Span[][] {
  const names = sideNamesIn(state.status?.names);
  return shownEvents(state)
    .slice(-most)
    .map((happened): Span[] => {
      const clock: Span = [columns < 60 ? '  ' : `  ${clockText(happened.time).slice(0, 8)}  `, colors.dim];
      if ('event' in happened) {
        const { words, figures } = eventSpans(happened.event, colors, { client, names });
        return withWhole([clock, ...words], figures, columns);
      }
      return [clock, [`server-a is ${happened.server}`, happened.server === 'gone' ? colors.red : colors.green]];
    });
}

/** @returns the width of a column of names: that of the widest name, at most half of the window. */
const nameWidth = (rows: readonly { readonly path: string }[], columns: number): number =>
  Math.min(Math.max(1, Math.floor(columns / 2) - 2), Math.max(1, ...rows.map(({ path }) => widthOf(shownName(path)))));
