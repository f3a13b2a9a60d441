// Asks a person before something is done that cannot be undone.
import { createInterface } from 'node:readline';
import type { CommandContext } from './context.js';
import { usageError } from './report-error.js';

/**
 * Without a terminal nobody is asked: a script says what it means. Where a person sees the output but cannot be asked,
 * as in the shell, `--yes` has to be given.
 * @param question ends with a question mark.
 * @returns whether to go on.
 * @throws SyncError `usage` where nobody can be asked.
 */
export async function confirmed(context: CommandContext, question: string, yes: boolean): Promise<boolean> {
  if (yes || (!context.stdinIsTerminal && !context.stdoutIsTerminal)) return true;
  if (!context.stdinIsTerminal) throw usageError('This cannot be undone, and nobody can be asked here.', 'Add --yes.');
  context.err(`${question} [y/N] `);
  const answer = await nextLine(context);
  const agrees = /^\s*y(es)?\s*$/i.test(answer ?? '');
  if (!agrees) context.err('Nothing was changed.\n');
  return agrees;
}

/** @returns null at the end of the input, or where the command is interrupted. */
function nextLine(context: CommandContext): Promise<string | null> {
  const lines = createInterface({ input: context.stdin(), terminal: false });
  return new Promise((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(null));
    context.signal.addEventListener('abort', () => lines.close(), { once: true });
  }).finally(() => lines.close()) as Promise<string | null>;
}
