// How an entry of the command table runs its command: in the room that the options given make.
import type { CommandContext } from '../context.js';

/** Runs a command and tells its exit code to whoever runs the line. */
export type Run = (command: (context: CommandContext) => Promise<number>) => Promise<void>;
