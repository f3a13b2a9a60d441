// The command line of `lockstep doctor` in commander.
import { Command } from 'commander';
import { DEFAULT_COLUMNS, layOut } from '../help/layout.js';
import { packageVersion } from '../version.js';

/**
 * @param lockstep what the program is called.
 * @param print receives the help or the version.
 * @param columns the width for the help.
 */
export function doctorCommand(lockstep: string, print: (text: string) => void, columns = DEFAULT_COLUMNS): Command {
  return layOut(new Command(`${lockstep} doctor`), columns)
    .description(
      'Checks what a pair needs of this machine, and says what to type where something is wrong. It changes nothing.',
    )
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .argument('[dir...]', 'directories to look at (default: the pair that you are in, else every remembered pair)')
    .option('--pair <name>', 'the directories of a remembered pair')
    .option('--secret-file <path>', 'your key, or the secret of the servers, where they have one')
    .option('--json', 'JSON on stdout')
    .version(packageVersion());
}
