// `client restore TARGET [--at N]`: makes an earlier content the file's content again. A directory that was deleted comes
// back with its files; with a time, many files do.
import { advise } from '../../../core/advice.js';
import { SyncError } from '../../../core/errors.js';
import type { Acted, Target } from '../../../wire/client-api/methods.js';
import type { CommandContext } from '../../context.js';
import { EXIT_OK } from '../../exit-codes.js';
import { minuteText } from '../../render/time.js';
import { shownName } from '../../render/width.js';
import { usageError } from '../../report-error.js';
import { listedPaths, oneTarget } from '../../target/one-target.js';
import { deletedTogether, type ManyFlags, restoreMany, restoreRows } from './restore-many.js';

export interface RestoreFlags extends ManyFlags {
  readonly at?: string;
}

export async function restore(
  context: CommandContext,
  text: string | undefined,
  flags: RestoreFlags = {},
): Promise<number> {
  if (flags.deletedSince !== undefined || flags.before !== undefined) {
    if (flags.at !== undefined) throw usageError('--at is about one file, and a time about many.', 'Give one of both.');
    return restoreMany(context, text, flags);
  }
  if (text === undefined)
    throw usageError('Which file is to be restored?', 'See what there is with: client versions --deleted');
  const at = numberOf(flags.at ?? '1');
  const target = await oneTarget(context, text, listedPaths(context));
  try {
    if (flags.dryRun === true) return await shown(context, target, at, text);
    const acted = await (await context.api()).restore(target, { at });
    context.out(context.json ? `${JSON.stringify(acted)}\n` : `${restoredText(acted)}\n`);
    return EXIT_OK;
  } catch (error) {
    if (flags.at !== undefined || !('path' in target)) throw error;
    if (!(error instanceof SyncError) || error.code !== 'not-found') throw error;
    const rows = await deletedTogether(context, target.path, error);
    return restoreRows(context, rows, flags);
  }
}

async function shown(context: CommandContext, target: Target, at: number, text: string): Promise<number> {
  const row = (await (await context.api()).versions(target)).versions[at - 1];
  if (row !== undefined) return restoreRows(context, [row], { dryRun: true });
  throw new SyncError('not-found', `There is no version ${at} of "${shownName(text)}".`, {
    hint: `See: client versions ${text}`,
  });
}

function numberOf(text: string): number {
  const at = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (at < 1)
    throw usageError(
      `--at takes a number from 1 (the newest), not "${text}".`,
      advise`See them with: ${{ do: 'versions' }}`,
    );
  return at;
}

function restoredText({ path, changed, created, at, replaced }: Acted): string {
  const which = `version ${at} (put aside ${minuteText(String(replaced))})`;
  if (!changed) return `${shownName(path)} has the content of ${which} already.`;
  const before = created === true ? '' : '; what was there before is among the versions now';
  return `Restored ${shownName(path)} from ${which}${before}.`;
}
