// A line of a view consists of pieces of text with their colours. It is cut to a width before it is coloured, so that
// no escape sequence is cut.
import { fitted, padRight, widthOf } from '../render/width.js';

export type Paint = (text: string) => string;
export type Span = string | readonly [text: string, paint: Paint];

/** @returns the line, cut to `columns` and coloured. */
export function lineOf(spans: readonly Span[], columns: number): string {
  let left = columns;
  let line = '';
  for (const span of spans) {
    const [whole, paint] = typeof span === 'string' ? [span, String] : span;
    if (whole === '') continue;
    const text = fitted(whole, left);
    line += paint(text);
    left -= widthOf(text);
    if (text !== whole || left <= 0) break;
  }
  return line;
}

/** @returns `spans` and as many of `more`, from the first one on, as fit whole: a figure without its unit is no figure. */
export function withWhole(spans: readonly Span[], more: readonly Span[], columns: number): Span[] {
  const line = [...spans];
  let left = columns - spans.reduce((width, span) => width + spanWidth(span), 0);
  for (const span of more) {
    left -= spanWidth(span);
    if (left < 0) break;
    line.push(span);
  }
  return line;
}

const spanWidth = (span: Span): number => widthOf(typeof span === 'string' ? span : span[0]);

/** @returns the text in a column of exactly `width`, cut in its middle, because names differ at both ends. */
export const cell = (text: string, width: number): string => padRight(fitted(text, width, 'middle'), width);
