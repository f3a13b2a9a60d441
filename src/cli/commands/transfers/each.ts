// Runs the transfers of one command one after the other. All that can be done is done, each result is reported as it
// comes, and the exit code is that of the first failure. What ends one of them for good, such as Ctrl-C, ends all.
import { type ErrorCode, SyncError } from '../../../core/errors.js';
import { countText } from '../../../core/size-text.js';
import type { CommandContext } from '../../context.js';
import { EXIT_OK, exitCodeOf } from '../../exit-codes.js';
import { reportError } from '../../report-error.js';

/** A result: the object for programs, and one sentence for people; null where there is nothing to say. */
export interface Told {
  readonly object: object | null;
  readonly text: string | null;
}

/** One transfer of several. */
export interface Job {
  /** The path in the pair, or as it was typed, for the object of a failure. */
  readonly path: string;
  run(): Promise<Told>;
}

/** The errors after which the next transfer would fail in the same way. */
const ENDS_ALL: ReadonlySet<ErrorCode> = new Set(['interrupted', 'unreachable', 'closed', 'not-allowed']);

/** @returns the exit code. */
export async function runEach(context: CommandContext, jobs: readonly Job[]): Promise<number> {
  let code: number = EXIT_OK;
  for (const [i, job] of jobs.entries()) {
    const error = await failureOf(context, job);
    if (error === null) continue;
    if (code === EXIT_OK) code = exitCodeOf(error);
    reportError(context, error, jobs.length === 1 ? {} : { path: job.path, changed: false });
    if (!(error instanceof SyncError) || !ENDS_ALL.has(error.code)) continue;
    reportRest(context, error, jobs.slice(i + 1));
    break;
  }
  return code;
}

/** @returns a job that fails. */
export const refusedJob = (path: string, error: unknown): Job => ({ path, run: () => Promise.reject(error) });

async function failureOf(context: CommandContext, job: Job): Promise<unknown> {
  try {
    const { object, text } = await job.run();
    if (context.json) context.out(object === null ? '' : `${JSON.stringify(object)}\n`);
    else context.out(text === null ? '' : `${text}\n`);
    return null;
  } catch (error) {
    return error ?? new SyncError('failed', 'It failed for an unknown reason.');
  }
}

/** Programs get one object a target, people one line. */
function reportRest(context: CommandContext, { code }: SyncError, rest: readonly Job[]): void {
  if (rest.length === 0) return;
  const error = new SyncError(
    code,
    `${countText(rest.length, 'more transfer')} ${rest.length === 1 ? 'was' : 'were'} not tried.`,
  );
  if (!context.json) reportError(context, error);
  else for (const { path } of rest) reportError(context, error, { path, changed: false });
}
