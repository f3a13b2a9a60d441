// Which files' versions are meant: all, those of a file or below a directory, or those that a glob matches, whether the
// files are there now or not.
import { parsePath } from '../../core/path.js';
import type { VersionRow } from '../../wire/client-api/version-rows.js';
import type { CommandContext } from '../context.js';
import { oneTarget } from './one-target.js';
import { globMatcher, parseTarget } from './target.js';

/** Whether a path is meant. */
export type PathTest = (path: string) => boolean;

/**
 * @param text as typed; all files where it is absent. What matches a glob in letters, too, is meant.
 * @throws SyncError as for any target.
 */
export async function pathTest(context: CommandContext, text: string | undefined): Promise<PathTest> {
  if (text === undefined || text === '.' || text === './') return () => true;
  const parsed = parseTarget(text);
  if (parsed.kind === 'glob') {
    const matches = await globMatcher(parsed.glob);
    return (path) => path === parsed.glob || matches(path);
  }
  const path = parsed.kind === 'path' ? parsePath(parsed.path) : await pathOfNumber(context, text);
  return (one) => one === path || one.startsWith(`${path}/`);
}

async function pathOfNumber(context: CommandContext, text: string): Promise<string> {
  const target = await oneTarget(context, text, async () => []);
  if ('path' in target) return target.path;
  const { versions } = await (await context.api()).versions(target);
  return versions[0]?.path ?? '';
}

/** Calls `take` with every recent version of the files that are meant, the newest first. */
export async function eachRecent(
  context: CommandContext,
  isMeant: PathTest,
  options: { readonly since?: Date | undefined; readonly deleted?: boolean; readonly limit?: number | undefined },
  take: (row: VersionRow) => void,
): Promise<{ readonly away: readonly ('a' | 'b')[]; readonly more: boolean }> {
  const { since, deleted, limit } = options;
  return (await context.api()).recentVersions(
    (rows) => {
      for (const row of rows) if (isMeant(row.path)) take(row);
    },
    {
      ...(since === undefined ? {} : { since }),
      ...(deleted === true ? { deleted } : {}),
      ...(limit === undefined ? {} : { limit }),
    },
  );
}
