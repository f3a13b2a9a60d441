// `client restore TARGET [--at N]`: makes an earlier content the file's content again.
import { advise } from '../../core/advice.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { minuteText } from '../render/time.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { listedPaths, oneTarget } from '../target/one-target.js';

export async function restore(context: CommandContext, text: string, flags: { readonly at?: string }): Promise<number> {
  const at = numberOf(flags.at ?? '1');
  const target = await oneTarget(context, text, listedPaths(context));
  const acted = await (await context.api()).restore(target, { at });
  context.out(context.json ? `${JSON.stringify(acted)}\n` : `${restoredText(acted)}\n`);
  return EXIT_OK;
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
