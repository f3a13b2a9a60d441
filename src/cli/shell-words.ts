// Splits a line into words as a shell does, as far as names need it: single quotes, double quotes, backslashes.
import { SyncError } from '../core/errors.js';

/** A split line; the last word may be incomplete. */
interface SplitLine {
  readonly words: readonly string[];
  /** The quote that is open at the end, or ''. */
  readonly open: '' | "'" | '"';
  /** Whether the line ends between words. */
  readonly between: boolean;
  /** The offset of the last word in the line. */
  readonly from: number;
}

/** Splits `line`, complete or not. */
export function splitLine(line: string): SplitLine {
  const words: string[] = [];
  let word: string | null = null;
  let open: SplitLine['open'] = '';
  let from = 0;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (word === null) from = i;
    if (open !== '' && c === open) {
      open = '';
    } else if (c === '\\' && escapes(open, line[i + 1])) {
      word = (word ?? '') + line[++i]!;
    } else if (open !== '') {
      word = (word ?? '') + c;
    } else if (c === "'" || c === '"') {
      open = c;
      word ??= '';
    } else if (c === ' ' || c === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + c;
    }
  }
  if (word !== null) words.push(word);
  return { words, open, between: word === null, from };
}

/** @returns `word`, quoted so that it is one word. */
export const escapeWord = (word: string): string => word.replace(/[\s\\'"]/g, '\\$&');

/**
 * @returns the words of a complete line.
 * @throws SyncError `usage` where a quote is not closed.
 */
export function splitWords(line: string): readonly string[] {
  const { words, open } = splitLine(line);
  if (open !== '') throw new SyncError('usage', `The line has an opening ${open} and no closing one.`);
  return words;
}

function escapes(open: SplitLine['open'], next: string | undefined): boolean {
  if (next === undefined || open === "'") return false;
  return open === '' || '\\"$`'.includes(next);
}
