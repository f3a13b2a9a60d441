// TARGET of a command that takes exactly one file, which may be gone: a number of the listing last shown, a path, or a
// glob that matches one file. What matches nothing is taken for a path, as names have brackets in them, too.
import { advise } from '../../core/advice.js';
import { SyncError } from '../../core/errors.js';
import { parsePath } from '../../core/path.js';
import type { Target } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { errorOf, globMatcher, goneRefusal, parseTarget, resolveTargets, type ShownAs } from './target.js';

/**
 * @param text as typed.
 * @param known all paths that a glob can match; called only where there is a glob.
 * @throws SyncError as for any target; `usage` where a glob matches several files.
 */
export async function oneTarget(
  context: CommandContext,
  text: string,
  known: () => Promise<readonly string[]>,
): Promise<Target> {
  const parsed = parseTarget(text);
  if (parsed.kind !== 'glob') {
    const [one] = await resolveTargets(context, [text], async () => []);
    if (one === undefined || 'refused' in one) throw errorOf(one!.refused);
    return one.target;
  }
  const paths = [...new Set(await known())];
  const matches = await globMatcher(parsed.glob);
  const found = paths.includes(parsed.glob) ? [parsed.glob] : paths.filter((path) => matches(path));
  if (found.length <= 1) return { path: parsePath(found[0] ?? parsed.glob) };
  const some = found.slice(0, 3).map(shownName).join(', ');
  throw usageError(
    `"${shownName(parsed.glob)}" matches ${found.length} files: ${some}${found.length > 3 ? ', …' : ''}.`,
    'Name one of them.',
  );
}

/**
 * Acts on the one target that `text` names. The error for an index says so if its file is gone; other errors, such as a
 * missing local directory, are not changed.
 * @throws SyncError as `oneTarget`, and as `act`.
 */
export async function onOneTarget<T>(
  context: CommandContext,
  text: string,
  known: () => Promise<readonly string[]>,
  act: (target: Target) => Promise<T>,
): Promise<T> {
  const target = await oneTarget(context, text, known);
  try {
    return await act(target);
  } catch (error) {
    const isShown = /^\d+$/.test(text) && 'path' in target;
    throw await orGone(error, isShown ? { index: text, path: target.path } : undefined, known);
  }
}

/** @returns the error of an action, or that the file that was shown for an index is gone. */
export async function orGone(
  error: unknown,
  shownAs: ShownAs | undefined,
  known: () => Promise<readonly string[]>,
): Promise<unknown> {
  if (shownAs === undefined || !(error instanceof SyncError) || error.code !== 'not-found') return error;
  return (await known()).includes(shownAs.path) ? error : errorOf(goneRefusal(shownAs));
}

/**
 * @param paths of the listing.
 * @param besides what else does not exist, for the message.
 * @throws SyncError `not-found` where `target` is neither a file in it nor a directory.
 */
export function mustBeListed(target: Target, paths: readonly string[], besides = ''): void {
  if (!('path' in target)) return; // the server has found it by its number
  const { path } = target;
  if (paths.some((one) => one === path || one.startsWith(`${path}/`))) return;
  throw new SyncError('not-found', `There is no file "${shownName(path)}" on either side${besides}.`, {
    advice: advise`See what there is with: ${{ do: 'list' }}`,
  });
}

/** @returns all paths of the listing. */
export const listedPaths = (context: CommandContext) => async (): Promise<readonly string[]> =>
  (await (await context.api()).list()).entries.map(({ path }) => path);
