// Untrusted bytes to a JSON value. Encoding and depth are checked first, because JSON.parse replaces bad UTF-8 silently
// and nests as deep as it is told.
import { isUtf8 } from 'node:buffer';
import { SyncError } from '../../core/errors.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * @param bytes one whole JSON text.
 * @param depth how deep arrays and objects may be nested.
 * @returns the value; its objects are as untrusted as the bytes, so pick known own fields from them.
 * @throws SyncError `bad-message` with the fact `unparsable` where it is no JSON; without it where it is too deep.
 */
export function parseJson(bytes: Buffer, depth: number): unknown {
  if (!isUtf8(bytes)) throw unparsable('it is not valid UTF-8');
  const text = bytes.toString('utf8');
  if (isDeeper(text, depth)) throw new SyncError('bad-message', `The JSON is nested deeper than ${depth} levels.`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote what came in, and that is never echoed.
    throw unparsable('it is not valid JSON');
  }
}

/** @returns `value` where it is a JSON object, else null. */
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

/** Counts brackets outside strings. On text that is no JSON the answer does not matter: JSON.parse refuses it without descending. */
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
  // Most strings have no backslash, and the engine searches faster than a loop does.
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
