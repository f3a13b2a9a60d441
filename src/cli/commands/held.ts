// `client held [TARGET]`: lists the held updates in the order in which they will be applied.
import type { HeldRow, Target } from '../../wire/client-api/methods.js';
import type { Api, CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { heldText } from '../render/held.js';
import { shownName } from '../render/width.js';
import { listedPaths, mustBeListed, onOneTarget } from '../target/one-target.js';
import { errorOf, globMatcher, matchesNothing, pairPath, parseTarget } from '../target/target.js';

export async function held(context: CommandContext, target: string | undefined): Promise<number> {
  const rows = await rowsFor(context, await context.api(), target);
  if (context.json) context.out(`${JSON.stringify({ held: rows })}\n`);
  else context.out(rows.length > 0 ? heldText(rows, context.columns) : noneText(target));
  return EXIT_OK;
}

async function rowsFor(context: CommandContext, api: Api, target: string | undefined): Promise<readonly HeldRow[]> {
  if (target === undefined) return (await api.held()).held;
  const parsed = parseTarget(target);
  if (parsed.kind === 'glob') return matching(context, api, parsed.glob);
  return onOneTarget(context, target, listedPaths(context), async (wanted) => {
    const { held: rows } = await api.held(wanted);
    // Held updates and locks may exist without their file.
    if (rows.length === 0 && !(await isLocked(api, wanted))) mustBeListed(wanted, await listedPaths(context)());
    return rows;
  });
}

/** Lists the held updates of all files that a glob matches; it has to match a file. */
async function matching(context: CommandContext, api: Api, glob: string): Promise<readonly HeldRow[]> {
  const { held: all } = await api.held();
  const exact = all.filter(({ path }) => path === glob);
  const matches = await globMatcher(glob);
  const rows = exact.length > 0 ? exact : all.filter(({ path }) => matches(path));
  if (rows.length > 0) return rows;
  const paths = await listedPaths(context)();
  if (!paths.some((path) => path === glob || matches(path))) throw errorOf(matchesNothing(glob));
  return rows;
}

const isLocked = async (api: Api, target: Target): Promise<boolean> =>
  'path' in target && (await api.locks()).locks.some(({ path }) => path === target.path);

const noneText = (target: string | undefined): string =>
  target === undefined ? 'No update is held.\n' : `No update is held for ${shownName(pairPath(target))}.\n`;
