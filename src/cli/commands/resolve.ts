// `client resolve TARGET --keep a|b|both`: resolves the conflict copies of a file, or one of them.

import { countText } from '../../core/size-text.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { shownName } from '../render/width.js';
import { usageError } from '../report-error.js';
import { oneTarget } from '../target/one-target.js';

export async function resolve(
  context: CommandContext,
  text: string,
  flags: { readonly keep?: string },
): Promise<number> {
  const { keep } = flags;
  if (keep !== 'a' && keep !== 'b' && keep !== 'both') {
    const given = keep === undefined ? 'which content to keep' : `a, b or both, not "${keep}"`;
    throw usageError(`resolve takes ${given}.`, 'Add --keep a, --keep b or --keep both.');
  }
  const api = await context.api();
  const known = async () => (await api.conflicts()).conflicts.flatMap(({ path, copy }) => [path, copy]);
  const acted = await api.resolve(await oneTarget(context, text, known), keep);
  context.out(context.json ? `${JSON.stringify(acted)}\n` : `${resolvedText(acted)}\n`);
  return EXIT_OK;
}

function resolvedText({ path, kept, from, removed, renamed }: Acted): string {
  const name = shownName(path);
  if (kept === 'both') {
    const names = (renamed as { to: string }[]).map(({ to }) => shownName(to));
    return `Kept ${name} and, under ${names.length === 1 ? 'a plain name' : 'plain names'}, ${names.join(', ')}.`;
  }
  const gone = `${countText((removed as string[]).length, 'copy').replace('copys', 'copies')} removed (to versions)`;
  if (from === null) return `Kept ${name} as it is; ${gone}.`;
  return `${name} has the content of "${shownName(String(from))}" now, the old one is in versions; ${gone}.`;
}
