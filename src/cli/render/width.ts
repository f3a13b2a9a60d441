// How many columns of a terminal a text takes, and names made safe to show. Splitting a text into what is drawn as one
// takes microseconds, so the scripts in which every unit is drawn by itself are counted by their ranges.
import stringWidth from 'string-width';
import { escapeControls } from '../../core/path.js';

const PLAIN = /^[\x20-\x7e]*$/;
/** One column each: Latin, Greek and Cyrillic letters. Two each: Han, kana, Hangul syllables, full-width forms. */
const NARROW = '\\x20-\\x7e\\u00a1-\\u00ac\\u00ae-\\u024f\\u0391-\\u03a1\\u03a3-\\u03c9\\u0410-\\u044f';
const WIDE = '\\u3041-\\u3096\\u309f-\\u30ff\\u4e00-\\u9fff\\uac00-\\ud7a3\\uff01-\\uff60';
const SIMPLE = new RegExp(`^[${NARROW}${WIDE}]*$`);
const FIRST_WIDE = 0x3041;

/** @returns the columns that `text` takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  if (!SIMPLE.test(text)) return stringWidth(text);
  let width = text.length;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= FIRST_WIDE) width++;
  return width;
}

/** @returns `name` with nothing in it that could drive a terminal. */
export const shownName = (name: string): string => (PLAIN.test(name) ? name : escapeControls(name));

/** @returns `text` filled with spaces to `width` columns; a wider one stays whole. */
export const padRight = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
export const padLeft = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;
