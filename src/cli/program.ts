// The client's command line: names, options and help in one table; what a command does is loaded when it is asked for.
// Running a line touches no process, so that the shell and the tests run the same code.
import { Command, CommanderError, Option } from 'commander';
import type { SyncError } from '../core/errors.js';
import { DEFAULT_SERVER } from '../wire/server-address.js';
import { plainArgv } from './argv.js';
import { commanderSentence } from './commander-sentence.js';
import { complain, usageError } from './complain.js';
import { EXIT_OK, exitCodeOf } from './exit.js';
import { type Globals, type Ground, type Room, roomFor } from './room.js';
import { packageVersion } from './version.js';

const EXAMPLES = `
Examples:
  client                          list the files of both sides, numbered
  client lock 3 -m "new cover"    lock the file that stood at 3 in that list
  client lock docs/plan.txt 'art/**/*.psd'
  client unlock 3
  client versions docs/plan.txt   what is kept of it; client restore docs/plan.txt
  client watch --json             every event, one JSON object a line

TARGET is a number of the list last shown on this terminal, a path, or a glob
in quotes. ./7 is a file named 7; -- ends the options. The classroom's words
work too: client -list, client -lock -3, client -unlock -3.

Environment:
  LOCKSTEP_SERVER   where server-a listens (${DEFAULT_SERVER})
  LOCKSTEP_USER     the name to lock under (user@host)
  LOCKSTEP_SIDE     the side you work on, for lock (a)
  NO_COLOR          no colours

Exit codes: 0 done, 1 failed, 2 usage, 3 locked by another, 4 no such file or
number, 5 already exists, 6 cannot reach the server, 7 not allowed, 8 halted
for safety, 130 interrupted.`;

/**
 * Runs one line of the client.
 * @param args the words after the program's name.
 * @param base what an enclosing shell was told; the line's own options win.
 * @returns the exit code. Whatever goes wrong has been said.
 */
export async function runLine(args: readonly string[], ground: Ground, base: Globals = {}): Promise<number> {
  const plain = plainArgv(args);
  let code: number = EXIT_OK;
  const program = clientProgram(ground, base, (ran) => {
    code = ran;
  });
  try {
    await program.parseAsync(plain, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK;
    const refused = error instanceof CommanderError ? usageOf(error, plain) : error;
    complain({ ...ground, json: base.json === true || asksForJson(plain) }, refused);
    return exitCodeOf(refused);
  }
}

/** @returns the client's commander program; `ended` is told each command's exit code. */
export function clientProgram(ground: Ground, base: Globals, ended: (code: number) => void): Command {
  const program = new Command('client')
    .description('Lists, locks, unlocks and restores the files of a synchronised pair of directories.')
    .usage('[options] [command]')
    .configureOutput({ writeOut: (text) => ground.out(text), writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .option('--server <host:port>', 'where server-a listens')
    .option('--as <name>', 'the name to lock and unlock under')
    .option('--json', 'JSON on stdout')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .version(packageVersion())
    .addHelpText('after', EXAMPLES);
  const run = (command: (room: Room) => Promise<number>): Promise<void> =>
    command(roomFor(ground, { ...base, ...program.opts<Globals>() })).then(ended);
  addListing(program, run);
  addLocking(program, run);
  addEarlier(program, run);
  addPair(program, run);
  addPrograms(program, run);
  return program;
}

type Run = (command: (room: Room) => Promise<number>) => Promise<void>;

function addListing(program: Command, run: Run): void {
  program
    .command('list')
    .argument('[glob]', 'only the files that it matches; they keep their numbers')
    .description('the files of both sides, numbered (also: no command, -list)')
    .action((glob?: string) => run(async (room) => (await import('./commands/list.js')).list(room, glob)));
  program
    .command('locks')
    .option('--mine', 'only your own')
    .description('who holds what, since when and why')
    .action((flags: { mine?: boolean }) =>
      run(async (room) => (await import('./commands/locks.js')).locks(room, flags)),
    );
  program
    .command('held')
    .argument('[target]', 'only the updates of this file')
    .description('the updates that wait for an unlock')
    .action((target?: string) => run(async (room) => (await import('./commands/held.js')).held(room, target)));
}

function addLocking(program: Command, run: Run): void {
  program
    .command('lock')
    .argument('<target...>', 'number, path or glob')
    .option('-m, --message <why>', 'why, for others to read')
    .option('--side <a|b>', 'the side you work on; changes on the other side wait')
    .description('lock files (also: -lock -N)')
    .action((targets: string[], flags: { message?: string; side?: string }) =>
      run(async (room) => (await import('./commands/lock.js')).lock(room, targets, flags)),
    );
  program
    .command('unlock')
    .argument('<target...>', 'number, path or glob')
    .description('unlock files (also: -unlock -N)')
    .action((targets: string[]) => run(async (room) => (await import('./commands/unlock.js')).unlock(room, targets)));
}

function addEarlier(program: Command, run: Run): void {
  program
    .command('versions')
    .argument('<target>', 'number or path, also of a file that is gone')
    .description('the earlier contents of a file, the newest first')
    .action((target: string) => run(async (room) => (await import('./commands/versions.js')).versions(room, target)));
  program
    .command('restore')
    .argument('<target>', 'number or path, also of a file that is gone')
    .option('--at <n>', 'which version, as "versions" numbers them (1)')
    .description('put an earlier content back; the present one goes to versions')
    .action((target: string, flags: { at?: string }) =>
      run(async (room) => (await import('./commands/restore.js')).restore(room, target, flags)),
    );
  program
    .command('conflicts')
    .description('the conflict copies')
    .action(() => run(async (room) => (await import('./commands/conflicts.js')).conflicts(room)));
  program
    .command('resolve')
    .argument('<target>', 'the file, or one of its copies: number or path')
    .option('--keep <a|b|both>', 'whose content gets the name; both gives the copies plain names')
    .description('settle the conflict copies of a file; what goes, goes to versions')
    .action((target: string, flags: { keep?: string }) =>
      run(async (room) => (await import('./commands/resolve.js')).resolve(room, target, flags)),
    );
}

function addPair(program: Command, run: Run): void {
  program
    .command('status')
    .description('the pair at a glance')
    .action(() => run(async (room) => (await import('./commands/status.js')).status(room)));
  program
    .command('watch')
    .description('everything that happens, one line each, until Ctrl-C')
    .action(() => run(async (room) => (await import('./commands/watch.js')).watch(room)));
  program
    .command('flush')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .description('wait until all changes made so far are on both sides')
    .action((flags: { timeout: string }) =>
      run(async (room) => (await import('./commands/flush.js')).flush(room, flags)),
    );
  program
    .command('rescan')
    .description('have both sides look at everything anew')
    .action(() => run(async (room) => (await import('./commands/rescan.js')).rescan(room)));
  program
    .command('pause')
    .description('carry nothing until resume')
    .action(() => run(async (room) => (await import('./commands/pause.js')).pause(room)));
  program
    .command('resume')
    .option('--accept-deletes', 'after a halt: the missing files were meant to go')
    .description('go on after a pause or a halt')
    .action((flags: { acceptDeletes?: boolean }) =>
      run(async (room) => (await import('./commands/resume.js')).resume(room, flags)),
    );
}

function addPrograms(program: Command, run: Run): void {
  program
    .command('shell')
    .description('a prompt that takes any of these lines')
    .action(() => run(async (room) => (await import('./commands/shell.js')).shell(room)));
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print the completion script of a shell')
    .action((name: string) => run(async (room) => (await import('./commands/completion.js')).completion(room, name)));
  program
    .command('__complete', { hidden: true })
    .argument('<shell>')
    .argument('<line>')
    .action((name: string, line: string) =>
      run(async (room) => (await import('./commands/complete.js')).complete(room, name, line)),
    );
}

/** Commander's refusal as one sentence with the way to the help. */
function usageOf(error: CommanderError, args: readonly string[]): SyncError {
  return usageError(commanderSentence(error), `Try "client ${helpTopic(args)}--help".`);
}

const COMMANDS_WITH_HELP = [
  ...['list', 'lock', 'unlock', 'locks', 'held', 'versions', 'restore', 'conflicts', 'resolve'],
  ...['flush', 'resume', 'completion'],
];

function helpTopic(args: readonly string[]): string {
  const command = args.find((arg) => COMMANDS_WITH_HELP.includes(arg));
  return command === undefined ? '' : `${command} `;
}

function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}
