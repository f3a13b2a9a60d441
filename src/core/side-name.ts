// Names of the sides, such as `home` and `office`, which texts for people use instead of the letters.
import { escapeControls, type Side } from './path.js';

/** What texts for people call each side. */
export type SideNames = Readonly<Record<Side, string>>;

/** The sides as they are called where nobody has named them. */
export const UNNAMED: SideNames = { a: 'a', b: 'b' };

/** In characters. */
const MAX_SIDE_NAME = 32;

/** The names that sides were given; none where a side has none. */
export type GivenNames = { readonly [S in Side]?: string | undefined };

/** @returns why `text` cannot be the name of a side, as the end of a sentence; null where it can. */
export function sideNameFault(text: string, side: Side): string | null {
  if (text.trim() === '') return 'is empty';
  if (text !== text.trim()) return 'begins or ends with a space';
  if ([...text].length > MAX_SIDE_NAME) return `is longer than ${MAX_SIDE_NAME} characters`;
  if (!text.isWellFormed() || escapeControls(text) !== text) return 'has control characters';
  if (text.toLowerCase() === (side === 'a' ? 'b' : 'a')) return 'is the letter of the other side';
  return null;
}

/** @returns the name, if `value` is one, whoever sent it; else undefined. */
export const sideNameIn = (value: unknown, side: Side): string | undefined =>
  typeof value === 'string' && sideNameFault(value, side) === null ? value : undefined;

/** @returns what texts call the sides. Two sides of one name keep their letters. */
export function sideNames({ a = UNNAMED.a, b = UNNAMED.b }: GivenNames): SideNames {
  return a === b ? UNNAMED : { a, b };
}

/** @returns the same of names that a server sent: what cannot be a name is none. */
export function sideNamesIn(sent: unknown): SideNames {
  const { a, b } = (typeof sent === 'object' && sent !== null ? sent : {}) as { readonly [S in Side]?: unknown };
  return sideNames({ a: sideNameIn(a, 'a'), b: sideNameIn(b, 'b') });
}
