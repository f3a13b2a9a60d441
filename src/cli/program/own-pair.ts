// The commands that only `lockstep` has, for its help. Each is a program of its own (`lockstep.ts`), which the help names.
import type { Command } from 'commander';
import { usageError } from '../report-error.js';
import type { Run } from './run.js';

/** Programs of `lockstep`, and what they are for. */
const PROGRAMS: readonly (readonly [name: string, usage: string, description: string])[] = [
  ['up', '[options] [dir] [other]', 'keep two directories identical, here or on two machines'],
  ['serve', 'a|b [options]', 'run server-a or server-b alone'],
  ['service', 'install|start|stop|status|logs|remove NAME', 'keep a remembered pair running without a terminal'],
  ['doctor', '[dir...] [--pair NAME]', 'check what a pair needs of this machine, and say what to type'],
  ['config', '[--json]', 'every value that holds here, and where it comes from'],
  ['key', 'new NAME [options]', 'make a key that proves the name of a person'],
];

/** @param name what the client is called, such as `lockstep`. */
export function addOwnPair(program: Command, run: Run, name: string): void {
  if (!/\blockstep$/.test(name)) return;
  program.commandsGroup('A pair of your own:');
  for (const [word, usage, description] of PROGRAMS)
    program
      .command(word)
      .usage(usage)
      .description(description)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() =>
        run(async () => {
          throw usageError(`${word} is no line of a shell.`, `Leave the shell, and type: ${name} ${word}`);
        }),
      );
}
