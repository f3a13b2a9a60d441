// Says after a command that wrote to the pair, on stderr, that its change may not be on both sides yet: while the pair is
// paused or server-b is away.
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { whyWritesWait } from '../render/status.js';

/** @returns the exit code of `command`. */
export async function notingWhatWaits(context: CommandContext, command: Promise<number>): Promise<number> {
  const code = await command;
  if (context.json || code !== EXIT_OK) return code;
  // The command has done its work, whatever becomes of the question.
  const status = await context
    .api()
    .then((api) => api.status())
    .catch(() => null);
  const why = status === null ? null : whyWritesWait(status, context.names);
  if (why !== null) context.err(`${why}\n`);
  return code;
}
