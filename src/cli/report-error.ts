// How a refusal reaches the person or the script that asked.

import { DEFAULT_SERVER } from '../client/server-address.js';
import type { Advice } from '../core/advice.js';
import { SyncError } from '../core/errors.js';
import { CONNECT_AGAIN } from '../wire/frame/errors.js';
import { type ErrorObject, errorObject, errorText } from './error-text.js';
import { asCalled, haltInTheirNames, inTheirNames, type ProgramNames } from './program-name.js';
import { minuteText } from './render/time.js';

/** The output for errors, and its form. */
interface ErrorSink {
  readonly names: ProgramNames;
  readonly json: boolean;
  readonly asksToOverwrite?: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Reports `error`: one line on stderr, or one object on stdout; `extra` fields go beside the error in the object. */
export function reportError(sink: ErrorSink, error: unknown, extra: Readonly<Record<string, unknown>> = {}): void {
  const words = inWordsOfTheCommandLine(
    errorObject(error, sink.names.client),
    sink.names,
    isOfServerB(error),
    isAtUsualPlace(error),
  );
  const said = sink.asksToOverwrite === true && /--overwrite/.test(words.hint) ? { ...words, hint: '' } : words;
  if (sink.json) sink.out(`${JSON.stringify({ error: said, ...extra })}\n`);
  else sink.err(`${errorText({ ...said, message: inLocalTime(said.message, lockIn(error, extra)) })}\n`);
}

function lockIn(error: unknown, extra: Readonly<Record<string, unknown>>): unknown {
  return extra.lock ?? (error instanceof SyncError ? error.facts.lock : undefined);
}

/** @returns the times of a lock as the tables show them. */
function inLocalTime(message: string, lock: unknown): string {
  if (typeof lock !== 'object' || lock === null) return message;
  const { since, expires } = lock as { since?: unknown; expires?: unknown };
  let text = message;
  if (typeof since === 'string' && since !== '') text = text.replace(`since ${since}`, `since ${minuteText(since)}`);
  if (typeof expires === 'string' && expires !== '')
    text = text.replace(`until ${expires}`, `until ${minuteText(expires)}`);
  return text;
}

/** The hint when the server has disconnected during a command, as the beginning of a sentence. */
export const LOOK_AFTER_IT = 'Check that server-a still runs, then try again';

/** Whether it was looked for where it is unless somebody says otherwise. */
const isAtUsualPlace = (error: unknown): boolean =>
  error instanceof SyncError && `${error.facts.host}:${error.facts.port}` === DEFAULT_SERVER;

/** Whether server-b was reached, but could not pass on what was asked: it says itself what to do. */
const isOfServerB = (error: unknown): boolean => error instanceof SyncError && error.facts.at === 'server-b';

function inWordsOfTheCommandLine(
  error: ErrorObject,
  names: ProgramNames,
  hasHint: boolean,
  isUsualPlace: boolean,
): ErrorObject {
  const { code, hint } = error;
  // A message may have its advice in it, like that of a halt.
  const message = haltInTheirNames(error.message, names);
  if (code === 'unreachable' && !hasHint) {
    const pair = isUsualPlace ? (names.pairHere?.() ?? null) : null;
    if (pair !== null)
      return { code, message, hint: `Start the pair of this directory with: ${names.lockstep} up ${pair}` };
    const start =
      `Start it with "${names.serverA}" (and server-b with "${names.serverB}"), or both with ` +
      `"${names.lockstep} up DIR_A DIR_B"; or name another with --server HOST:PORT.`;
    return { code, message, hint: start };
  }
  if (code === 'closed' && (hint === '' || hint === CONNECT_AGAIN)) return { code, message, hint: `${LOOK_AFTER_IT}.` };
  return { code, message, hint: asCalled(inTheirNames(hint, names), names) };
}

/** A refusal of what was typed. */
export const usageError = (message: string, hint: string | Advice = ''): SyncError =>
  new SyncError('usage', message, typeof hint === 'string' ? { hint } : { advice: hint });
