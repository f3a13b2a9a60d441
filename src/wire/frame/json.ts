// Parses untrusted bytes as JSON. Encoding and depth are checked first, because JSON.parse silently replaces invalid
// UTF-8 and accepts any depth.
import { isUtf8 } from 'node:buffer';
import { SyncError } from '../../core/errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * @param bytes one JSON text.
 * @param depth the maximum nesting of arrays and objects.
 * @returns the value. Its objects are untrusted; only known own fields should be read.
 * @throws SyncError `bad-message`, with the fact `unparsable` where it is not JSON and without it where it is nested
 * too deeply.
 */
export function parseJson(bytes: Buffer, depth: number): unknown {
  if (!isUtf8(bytes)) throw unparsable('it is not valid UTF-8');
  const text = bytes.toString('utf8');
  if (isDeeper(text, depth)) throw new SyncError('bad-message', `The JSON is nested deeper than ${depth} levels.`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the input, which must not be echoed.
    throw unparsable('it is not valid JSON');
  }
}

/** @returns `value` where it is a JSON object; otherwise null. */
export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

const unparsable = (why: string): SyncError =>
  new SyncError('bad-message', `A message could not be read: ${why}.`, {
    hint: 'Send one JSON-RPC 2.0 object a line, ended by a newline.',
    facts: { unparsable: true },
  });

/**
 * Counts brackets outside strings. For text that is not JSON the result is irrelevant, because JSON.parse refuses it
 * without recursion.
 */
function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = closingQuote(text, i);
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > most) return true;
    } else if (c === 0x5d || c === 0x7d) depth--;
  }
  return false;
}

function closingQuote(text: string, open: number): number {
  // Most strings contain no backslash, and indexOf is faster than a loop.
  const next = text.indexOf('"', open + 1);
  if (next > 0 && text.charCodeAt(next - 1) !== BACKSLASH) return next;
  let i = open + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) break;
    if (c === BACKSLASH) i++;
  }
  return i;
}
