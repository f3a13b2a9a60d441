// Two texts side by side, line by line: what is equal stands beside each other and is folded where it is long, what
// differs is marked, and in a changed line the changed words. It takes a bounded time, whatever the texts are.
import { diffLines } from 'diff/lib/diff/line.js';
import { diffWordsWithSpace } from 'diff/lib/diff/word.js';

/** Equal lines that are shown around a difference. */
const AROUND = 3;
/** The most changes that are looked for, and the longest time, in milliseconds. */
const MAX_EDITS = 4_000;
const TIMEOUT_MS = 500;
/** Longer lines are not compared word by word. */
const MAX_LINE = 1_000;

/** A piece of a line; `changed`: only this side has it. */
interface Piece {
  readonly text: string;
  readonly changed: boolean;
}

/** One line of one side. */
export interface Line {
  readonly number: number;
  readonly pieces: readonly Piece[];
}

/** A row of both sides: equal lines, lines that differ (one of them may be missing), or equal lines that are folded. */
export type DiffRow =
  | { readonly kind: 'same' | 'differs'; readonly a: Line | null; readonly b: Line | null }
  | { readonly kind: 'folded'; readonly lines: number };

/** @returns the rows; null where the texts are too different to be compared in time. */
export function sideBySide(a: string, b: string): readonly DiffRow[] | null {
  const parts = diffLines(a, b, { maxEditLength: MAX_EDITS, timeout: TIMEOUT_MS });
  if (parts === undefined) return null;
  const rows: DiffRow[] = [];
  const at = { a: 1, b: 1 };
  for (let n = 0; n < parts.length; n++) {
    const { value, added, removed } = parts[n]!;
    const lines = linesOf(value);
    if (!added && !removed) rows.push(...folded(sameRows(lines, at), n > 0, n < parts.length - 1));
    else if (removed && parts[n + 1]?.added) rows.push(...changedRows(lines, linesOf(parts[++n]!.value), at));
    else rows.push(...changedRows(removed ? lines : [], added ? lines : [], at));
  }
  return rows;
}

type Place = { a: number; b: number };

const linesOf = (text: string): string[] => text.replace(/\r?\n$/, '').split(/\r?\n/);
const whole = (number: number, text: string, changed: boolean): Line => ({ number, pieces: [{ text, changed }] });

const sameRows = (lines: readonly string[], at: Place): DiffRow[] =>
  lines.map((text) => ({ kind: 'same', a: whole(at.a++, text, false), b: whole(at.b++, text, false) }));

function changedRows(a: readonly string[], b: readonly string[], at: Place): DiffRow[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, n): DiffRow => {
    const [left, right] = [a[n], b[n]];
    if (left === undefined) return { kind: 'differs', a: null, b: whole(at.b++, right!, true) };
    if (right === undefined) return { kind: 'differs', a: whole(at.a++, left, true), b: null };
    const words = left.length + right.length > MAX_LINE ? undefined : diffWordsWithSpace(left, right, { timeout: 50 });
    if (words === undefined) return { kind: 'differs', a: whole(at.a++, left, true), b: whole(at.b++, right, true) };
    const piecesOf = (without: 'added' | 'removed'): Piece[] =>
      words
        .filter((word) => !word[without])
        .map(({ value, added, removed }) => ({ text: value, changed: added || removed }));
    const pieces = { a: piecesOf('added'), b: piecesOf('removed') };
    return { kind: 'differs', a: { number: at.a++, pieces: pieces.a }, b: { number: at.b++, pieces: pieces.b } };
  });
}

/** Keeps the equal lines beside differences and folds the others. */
function folded(rows: DiffRow[], after: boolean, before: boolean): DiffRow[] {
  const [head, tail] = [after ? AROUND : 0, before ? AROUND : 0];
  const lines = rows.length - head - tail;
  if (lines < 2) return rows;
  return [...rows.slice(0, head), { kind: 'folded', lines }, ...(tail === 0 ? [] : rows.slice(-tail))];
}
