// Measures how many columns of a terminal a text takes, and escapes names. Segmenting a text into graphemes is slow, so
// scripts in which every unit is a grapheme are counted by their ranges.
import stringWidth from 'string-width';
import { escapeControls } from '../../core/path.js';

const PLAIN = /^[\x20-\x7e]*$/;
/** Ranges of characters of one column: Latin, Greek and Cyrillic letters. */
const NARROW = [0x20, 0x7e, 0xa1, 0xac, 0xae, 0x24f, 0x391, 0x3a1, 0x3a3, 0x3c9, 0x410, 0x44f];
/** Ranges of characters of two columns: kana, Han, Hangul syllables, full-width forms; and emoji that never combine. */
const WIDE = [0x3041, 0x3096, 0x309f, 0x30ff, 0x4e00, 0x9fff, 0xac00, 0xd7a3, 0xff01, 0xff60];
const EMOJI_FROM = 0x1f300;
const EMOJI_TO = 0x1faff;
const EMOJI = /^(?![\u{1f3fb}-\u{1f3ff}])\p{Emoji_Presentation}$/u;
/** A cache: 1 for an emoji of two columns, 2 for other characters, 0 for unknown ones. */
const emoji = new Uint8Array(EMOJI_TO - EMOJI_FROM + 1);

/** @returns the columns that `text` takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isWithin(NARROW, unit)) width++;
    else if (isWithin(WIDE, unit)) width += 2;
    else if (isEmoji(text.codePointAt(i)!)) {
      width += 2;
      i++;
    } else return stringWidth(text);
  }
  return width;
}

function isWithin(ranges: readonly number[], unit: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (unit <= ranges[i + 1]!) return unit >= ranges[i]!;
  return false;
}

function isEmoji(point: number): boolean {
  if (point < EMOJI_FROM || point > EMOJI_TO) return false;
  const at = point - EMOJI_FROM;
  if (emoji[at] === 0) emoji[at] = EMOJI.test(String.fromCodePoint(point)) ? 1 : 2;
  return emoji[at] === 1;
}

/** @returns `name` with control characters escaped. */
export const shownName = (name: string): string => (PLAIN.test(name) ? name : escapeControls(name));

/** @returns `text` filled with spaces to `width` columns; a wider one stays whole. */
export const padRight = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));
export const padLeft = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text;

/** @returns `text` cut to `width` columns, with … for what is cut, at its end or in its middle. */
export function fitted(text: string, width: number, where: 'end' | 'middle' = 'end'): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  const front = where === 'end' ? width - 1 : Math.ceil((width - 1) / 2);
  const units = [...drawn.segment(text)].map(({ segment }) => segment);
  return `${taken(units, front)}…${taken(units.toReversed(), width - 1 - front, true)}`;
}

/** Segments a text into graphemes. */
const drawn = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** @returns the first units that fit; `backwards`: they are in reverse order. */
function taken(units: readonly string[], width: number, backwards = false): string {
  if (width === 0) return '';
  let left = width;
  const some: string[] = [];
  for (const unit of units) {
    left -= widthOf(unit);
    if (left < 0) break;
    some.push(unit);
  }
  return (backwards ? some.reverse() : some).join('');
}
