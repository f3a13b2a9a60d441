// How an entry of the command table runs its command, in the context of the global options.
import type { CommandContext } from '../context.js';

/** Runs a command and reports its exit code to the caller of the line. */
export type Run = (command: (context: CommandContext) => Promise<number>) => Promise<void>;
