// `client delete TARGET…`: deletes files, and directories with --recursive. The contents go to versions.

import { countText } from '../../core/size-text.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { shownName } from '../render/width.js';
import { actOn } from '../target/act-on-targets.js';

export interface DeleteFlags {
  readonly recursive?: boolean;
}

export async function remove(context: CommandContext, targets: readonly string[], flags: DeleteFlags): Promise<number> {
  const api = await context.api();
  return actOn(context, targets, {
    known: async () => [(await api.list()).entries.map(({ path }) => path)],
    act: (wanted) => api.remove(wanted, { recursive: flags.recursive === true }),
    say: deletedText,
  });
}

function deletedText({ path, type, files, kept }: Acted): string {
  const name = shownName(path);
  if (type !== 'dir') return `Deleted ${name}; its content is among the versions now.`;
  const what = countText(Number(files ?? 0), 'file');
  if (kept === true) return `Deleted ${what} in ${name}; it stays for what is left out of synchronisation in it.`;
  return `Deleted ${name} with ${what}; their contents are among the versions now.`;
}
