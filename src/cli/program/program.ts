// The client's command line: names, options and help in one table, whose parts are in program/. A command's code is
// loaded when it runs. Running a line uses no process state, so the shell and the tests run the same code.

import { Command, CommanderError, Option } from 'commander';
import type { SyncError } from '../../core/errors.js';
import { plainArgv } from '../argv.js';
import { type Kind, kindsOf } from '../config/table.js';
import { type CommandLine, contextFor, type Globals, type Io } from '../context.js';
import { commanderErrorText } from '../error-text.js';
import { EXIT_OK, exitCodeOf } from '../exit-codes.js';
import { appendixText } from '../help/appendix.js';
import { DEFAULT_COLUMNS, layOut } from '../help/layout.js';
import { PLAIN_NAMES } from '../program-name.js';
import { safeText } from '../render/safe.js';
import { shownName } from '../render/width.js';
import { reportError, usageError } from '../report-error.js';
import { packageVersion } from '../version.js';
import { meantCommand } from './did-you-mean.js';
import { addEarlier } from './earlier.js';
import { addFiles } from './files.js';
import { clientAppendix } from './help.js';
import { addListing } from './listing.js';
import { addLocking } from './locking.js';
import { withNotices } from './notices.js';
import { addOwnPair } from './own-pair.js';
import { addPair } from './pair.js';
import { addPeople } from './people.js';
import type { Run } from './run.js';

/**
 * Runs one line of the client.
 * @param args the words after the program's name.
 * @param base the global options of an enclosing shell; those of the line take precedence.
 * @returns the exit code. Errors have been reported.
 */
export async function runLine(args: readonly string[], given: Io, base: Globals = {}): Promise<number> {
  const io = speakingSafely(given);
  let plain = [...args];
  let code: number = EXIT_OK;
  const running: Runner = (options) => async (command) => {
    code = await withNotices(contextFor(io, { ...base, ...options() }, COMMAND_LINE), command);
  };
  const program = clientProgram(io.out, running, io.names.client, io.columns);
  try {
    plain = plainArgv(args);
    await program.parseAsync(plain, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK;
    const refused = error instanceof CommanderError ? usageOf(error, plain, program) : error;
    reportError({ ...io, json: base.json === true || asksForJson(plain) }, refused);
    return exitCodeOf(refused);
  }
}

/** A line of a shell has an Io that reports notices already, so it is not wrapped again. */
const speakingSafely = (io: Io): Io => ({
  ...io,
  out: (text) => io.out(safeText(text)),
  err: (text) => io.err(safeText(text)),
});

const NOTHING = async () => {};

const COMMAND_LINE: CommandLine = {
  run: runLine,
  commands: () =>
    clientProgram(
      () => {},
      () => NOTHING,
    ),
};

type Runner = (given: () => Globals) => Run;

/**
 * @param print receives the help or the version.
 * @param runner returns the function that runs a command under the given global options.
 * @param name the name of the program.
 * @param columns the width for the help.
 * @returns the client's commander program.
 */
export function clientProgram(
  print: (text: string) => void,
  runner: Runner,
  name = PLAIN_NAMES.client,
  columns = DEFAULT_COLUMNS,
): Command {
  const program = layOut(new Command(name), columns)
    .description('Lists, locks, unlocks and restores the files of a synchronised pair of directories.')
    .usage('[options] [command]')
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .option('--server <host:port>', 'where server-a listens, or the server-b that is nearer')
    .option('--pair <name>', 'the pair that "lockstep up --name" remembered, instead of --server')
    .option('--as <name>', 'the name to lock and unlock under, without a key')
    .option('--secret-file <path>', 'your key, or the secret of the servers, where they have one')
    .option('--allow-local', 'talk to a server that another user of this machine runs')
    .option('--json', 'JSON on stdout')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .version(packageVersion())
    .addHelpText('after', appendixText(clientAppendix(name), columns));
  const run = runner(() => program.opts<Globals>());
  addListing(program, run);
  addLocking(program, run);
  addFiles(program, run);
  addEarlier(program, run);
  addPair(program, run);
  addPeople(program, run);
  addOwnPair(program, run, name);
  return program;
}

/** @returns what can stand in the table [client] of config.toml: the options before a command, and the side. */
export function clientKinds(): ReadonlyMap<string, Kind> {
  const program = clientProgram(
    () => {},
    () => NOTHING,
  );
  return new Map([...kindsOf(program), ['side', 'text']]);
}

/** @returns commander's error as one sentence with a hint at the help. */
function usageOf(error: CommanderError, args: readonly string[], program: Command): SyncError {
  const unknown = unknownCommand(error, args);
  if (unknown !== null) {
    const meant = meantCommand(unknown, program);
    const hint = meant === null ? 'See what there is with: client --help' : `Did you mean "client ${meant}"?`;
    return usageError(`There is no command "${shownName(unknown)}".`, hint);
  }
  const topic = program.commands.find((one) => args.some((arg) => arg === one.name() || one.aliases().includes(arg)));
  const help = `Try "${program.name()} ${topic === undefined ? '' : `${topic.name()} `}--help".`;
  const file = topic === undefined || topic.registeredArguments.length === 0 ? null : dashedFile(error, args);
  const hint = file === null ? help : `For a file of that name write ./${file}, or -- before it. ${help}`;
  return usageError(commanderErrorText(error), hint);
}

/** The command that was typed, also behind `help`, where there is none of that name. */
function unknownCommand({ code, message }: CommanderError, args: readonly string[]): string | null {
  if (code === 'commander.unknownCommand') return /'([^']*)'/s.exec(message)?.[1] ?? '';
  if (code !== 'commander.help') return null;
  return args[args.indexOf('help') + 1] ?? null;
}

/** @returns the word that was parsed as options but may be a file whose name begins with a dash. */
function dashedFile({ code, message }: CommanderError, args: readonly string[]): string | null {
  const words = beforeEnd(args);
  if (code === 'commander.missingArgument') return words.find((word) => /^-[^-].*\./.test(word)) ?? null;
  if (code !== 'commander.unknownOption') return null;
  const unknown = /'-(.*)'/.exec(message)?.[1] ?? '';
  const word = words.find((one) => one.startsWith('-') && one.endsWith(unknown));
  return word === undefined || /^--[\w-]*$/.test(word) ? null : word;
}

const asksForJson = (args: readonly string[]): boolean => beforeEnd(args).includes('--json');

/** @returns the words before `--`. */
function beforeEnd(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}
