// The common part of lock and unlock: it finds the targets, sends one request, reports the result of each in the order
// typed, and returns the exit code of the first failure.
import type { TargetResult } from '../../client/client.js';
import { advise } from '../../core/advice.js';
import type { Acted, Refused, Target } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK, exitCodeFor } from '../exit-codes.js';
import { reportError } from '../report-error.js';
import { listedPaths } from './one-target.js';
import { errorOf, goneRefusal, type Known, type Resolved, resolveTargets, type ShownAs } from './target.js';

/** The parts that differ between commands. */
interface Act {
  /** The paths that a glob can match. */
  known(): Promise<Known>;
  /** One result for each target, in their order. */
  act(targets: readonly Target[]): Promise<readonly TargetResult[]>;
  /** One sentence about a target that was not refused. */
  say(acted: Acted): string;
  /** Looks at a result once more. @param shownAs the file that was shown for the number that was typed, if one was. */
  recheck?(acted: Acted, shownAs: ShownAs | undefined): Promise<TargetResult>;
}

/** @returns the exit code. */
export async function actOn(context: CommandContext, texts: readonly string[], how: Act): Promise<number> {
  const resolved = await distinct(context, await resolveTargets(context, texts, () => how.known()));
  const wanted = resolved.flatMap((one) => ('target' in one ? [one.target] : []));
  const results = wanted.length === 0 ? [] : await how.act(wanted);
  let code: number = EXIT_OK;
  let next = 0;
  for (const one of resolved) {
    const result = 'refused' in one ? one.refused : await settle(results[next++], one, how);
    const told = tell(context, result, how);
    if (code === EXIT_OK) code = told;
  }
  return code;
}

/** Removes duplicates, however a file was named. */
export async function distinct(context: CommandContext, resolved: readonly Resolved[]): Promise<Resolved[]> {
  const named = resolved.some((one) => 'target' in one && 'path' in one.target);
  const numbered = resolved.some((one) => 'target' in one && 'index' in one.target);
  // An index in the server's present listing may be a file that is also named by its path.
  const paths = named && numbered ? await listedPaths(context)() : [];
  const found = new Map<string, Resolved>();
  for (const one of resolved) {
    if ('refused' in one) found.set(`refused ${one.refused.path}`, one);
    else {
      const path = 'path' in one.target ? one.target.path : paths[one.target.index];
      const key = path === undefined ? JSON.stringify(one.target) : `path ${path}`;
      if (!found.has(key)) found.set(key, path === undefined ? one : { ...one, target: { path } });
    }
  }
  return [...found.values()];
}

async function settle(
  result: TargetResult | undefined,
  one: Exclude<Resolved, { refused: Refused }>,
  how: Act,
): Promise<TargetResult> {
  if (result === undefined) return unanswered(one.target);
  if (isRefused(result))
    return result.error.code === 'not-found' && one.shownAs !== undefined ? goneRefusal(one.shownAs) : result;
  return (await how.recheck?.(result, one.shownAs)) ?? result;
}

function tell(context: CommandContext, result: TargetResult, how: Act): number {
  if (isRefused(result)) {
    const { path, changed, lock, notify } = result;
    const facts = { ...(lock === undefined ? {} : { lock }), ...(notify === undefined ? {} : { notify }) };
    reportError(context, errorOf(result), { path, changed, ...facts });
    return exitCodeFor(result.error.code);
  }
  context.out(context.json ? `${JSON.stringify(result)}\n` : `${how.say(result)}\n`);
  return EXIT_OK;
}

export const isRefused = (result: TargetResult): result is Refused =>
  !result.changed && typeof result.error === 'object' && result.error !== null;

function unanswered(target: Target): Refused {
  const path = 'path' in target ? target.path : String(target.index);
  const message = `The server has not said what became of ${path}.`;
  return {
    path,
    changed: false,
    error: { code: 'failed', message, hint: '', advice: advise`See "${{ do: 'list' }}".` },
  };
}
