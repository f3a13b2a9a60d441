// How a refusal reaches the person or the script that asked.
import { SyncError } from '../core/errors.js';
import { type ErrorObject, errorObject, sentence } from './sentence.js';

/** Where the complaint goes, and in which form. */
interface Ear {
  readonly json: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Says `error`: one line on stderr, or one object on stdout; `extra` goes beside the error in the object. */
export function complain(ear: Ear, error: unknown, extra: Readonly<Record<string, unknown>> = {}): void {
  const said = inWordsOfTheCommandLine(errorObject(error));
  if (ear.json) ear.out(`${JSON.stringify({ error: said, ...extra })}\n`);
  else ear.err(`${sentence(said)}\n`);
}

const START_IT = 'Start it with "npx server-a" (or name another with --server HOST:PORT).';

function inWordsOfTheCommandLine(error: ErrorObject): ErrorObject {
  const { code, message, hint } = error;
  if (code === 'unreachable') return { code, message, hint: START_IT };
  if (code === 'closed') return { code, message, hint: 'See whether server-a still runs, then try again.' };
  return { code, message, hint };
}

/** A refusal of what was typed. */
export const usageError = (message: string, hint = ''): SyncError => new SyncError('usage', message, { hint });
