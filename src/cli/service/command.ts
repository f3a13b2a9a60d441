// The command line of `lockstep service` in commander.
import { Command } from 'commander';
import { type Appendix, appendixText } from '../help/appendix.js';
import { DEFAULT_COLUMNS, layOut } from '../help/layout.js';
import { packageVersion } from '../version.js';

/** What each command does; the flags are as typed. */
export interface Actions {
  install(name: string, flags: { print?: boolean; unconfined?: boolean }): Promise<void>;
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  status(name: string, flags: { json?: boolean }): Promise<void>;
  logs(name: string, flags: { follow?: boolean; lines: string }): Promise<void>;
  remove(name: string): Promise<void>;
}

/** @param lockstep what the program is called. */
export const serviceAppendix = (lockstep: string): Appendix => ({
  examples: [
    [`${lockstep} service install art`, 'have the pair "art" begin by itself'],
    [`${lockstep} service start art`, ''],
    [`${lockstep} service logs art --follow`, ''],
  ],
  notes: [
    `NAME is a pair that "${lockstep} up --name NAME" remembered. As root it is a service of the machine, otherwise one ` +
      'of your own. systemd keeps it on Linux, launchd on macOS.',
  ],
  environment: [],
  environmentNote: '',
  exitCodes: [
    ['0', 'done; it runs'],
    ['1', 'failed; it does not run'],
    ['2', 'usage'],
  ],
});

/**
 * @param lockstep what the program is called.
 * @param print receives the help or the version.
 * @param actions null where the commands are only to be known.
 */
export function serviceCommand(
  lockstep: string,
  print: (text: string) => void,
  actions: Actions | null,
  columns = DEFAULT_COLUMNS,
): Command {
  const program = layOut(new Command(`${lockstep} service`), columns)
    .description('Keeps a remembered pair running without a terminal, from the start of the session or the machine.')
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .option('--user', 'a service of your own, also as root')
    .version(packageVersion())
    .addHelpText('after', appendixText(serviceAppendix(lockstep), columns));
  const add = (name: string, description: string): Command => {
    const one = layOut(program.command(name), columns).argument('<name>', 'the name of the pair');
    return one.description(description);
  };
  add('install', 'write the service down, and have it begin by itself from now on')
    .option('--print', 'only show what would be written')
    .option('--unconfined', 'leave out what keeps it from writing anywhere but in its directories')
    .action((name, flags) => actions?.install(name, flags));
  add('start', 'start it now, and tell what became of it').action((name) => actions?.start(name));
  add('stop', 'stop it until it begins by itself again').action((name) => actions?.stop(name));
  add('status', 'whether it runs, and how the pair is; exit 1 where it does not run')
    .option('--json', 'JSON on stdout')
    .action((name, flags) => actions?.status(name, flags));
  add('logs', 'what it has said')
    .option('-f, --follow', 'go on with what it says')
    .option('-n, --lines <n>', 'how many lines', '100')
    .action((name, flags) => actions?.logs(name, flags));
  add('remove', 'stop it, and have it begin no more; the pair and its files stay').action((name) =>
    actions?.remove(name),
  );
  return program;
}
