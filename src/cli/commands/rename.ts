// `client rename TARGET NEWNAME`: renames or moves a file or a directory of the pair.

import { parsePath } from '../../core/path.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { shownName } from '../render/width.js';
import { listedPaths, onOneTarget } from '../target/one-target.js';
import { isInto, pairPath, renamedPath } from '../target/target.js';

export interface RenameFlags {
  readonly overwrite?: boolean;
}

export async function rename(context: CommandContext, text: string, name: string, flags: RenameFlags): Promise<number> {
  const api = await context.api();
  const acted = await onOneTarget(context, text, listedPaths(context), async (target) => {
    const to = await newPath(context, name, target);
    return api.rename(target, to, { overwrite: flags.overwrite === true });
  });
  context.out(context.json ? `${JSON.stringify(acted)}\n` : `${renamedText(acted)}\n`);
  return EXIT_OK;
}

/** A name with a slash at its end is a directory to move into. */
async function newPath(
  context: CommandContext,
  name: string,
  target: { readonly path: string } | { readonly index: number },
): Promise<string> {
  if (!isInto(name)) return parsePath(pairPath(name));
  const from = 'path' in target ? target.path : (await listedPaths(context)())[target.index];
  return parsePath(renamedPath(from ?? '', name));
}

function renamedText({ path: from, to, changed, replaced }: Acted): string {
  if (!changed) return `${shownName(from)} has that name already.`;
  const before = replaced === true ? '; what was there before is among the versions now' : '';
  return `Renamed ${shownName(from)} to ${shownName(String(to))}${before}.`;
}
