// The command line of `lockstep doctor` in commander.
import { Command } from 'commander';
import { type Appendix, appendixText } from '../help/appendix.js';
import { DEFAULT_COLUMNS, layOut } from '../help/layout.js';
import { packageVersion } from '../version.js';

/** @param lockstep what the program is called. */
export const doctorAppendix = (lockstep: string): Appendix => ({
  examples: [
    [`${lockstep} doctor`, 'the pair of this directory, else every remembered pair'],
    [`${lockstep} doctor --pair art`, ''],
    [`${lockstep} doctor ~/art /mnt/nas/art`, ''],
  ],
  notes: ['It works while servers run and while none does.'],
  environment: [['LOCKSTEP_SECRET_FILE', 'the same as --secret-file']],
  environmentNote: '',
  exitCodes: [
    ['0', 'nothing is wrong'],
    ['1', 'something is wrong'],
    ['2', 'usage'],
  ],
});

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
    .version(packageVersion())
    .addHelpText('after', appendixText(doctorAppendix(lockstep), columns));
}
