// What `lockstep up` is told by its words, its options and its variables, checked.
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { SyncError } from '../../core/errors.js';
import { quote, type Side } from '../../core/path.js';
import { sideNameFault } from '../../core/side-name.js';
import type { Env } from '../context.js';
import { commanderErrorText } from '../error-text.js';
import { type Appendix, appendixText } from '../help/appendix.js';
import { DEFAULT_COLUMNS, helpColumns, layOut } from '../help/layout.js';
import { asCalled, PLAIN_NAMES, type ProgramNames, programNames } from '../program-name.js';
import { usageError } from '../report-error.js';
import { GRACE_HELP, IGNORE_SET_HELP } from '../server/command.js';
import { type ServerASettings, serverAOptions } from '../server/options.js';
import { splitLine } from '../shell-words.js';
import { packageVersion } from '../version.js';
import { isName, placeOf, type RememberedPair, readPairs, rememberPair } from './config.js';
import { type RemotePlace, remotePlace } from './place.js';

/** The pair to start. */
export interface UpSettings extends ServerASettings {
  /** The directory of side b on this machine, or where it is elsewhere. */
  readonly other: string | RemotePlace;
  /** The words of the command that runs another on a machine. */
  readonly ssh: readonly string[];
  /** Lockstep's command on the other machine. */
  readonly remote: string;
  /** What messages call side b; null where nobody has named it here. */
  readonly nameB: string | null;
  /** Whether a first contact needs no answer. */
  readonly yes: boolean;
  /** Options of server-a that hold for server-b, too. */
  readonly shared: readonly string[];
}

interface UpFlags {
  readonly name?: string;
  readonly nameA?: string;
  readonly nameB?: string;
  readonly create?: boolean;
  readonly yes?: boolean;
  readonly ssh?: string;
  readonly remote?: string;
  readonly port?: string;
  readonly ignore?: string[];
  readonly ignoreSet?: string[];
  readonly guard?: boolean;
  readonly onEvent?: string;
  readonly autoLock?: string;
  readonly autoLockGrace?: string;
  readonly showLocks?: string;
  readonly rescan?: string;
  readonly keepVersions?: string;
  readonly versionsShare?: string;
  readonly limit?: string;
  readonly web?: string;
  readonly webCert?: string;
  readonly webKey?: string;
  readonly metricsTokenFile?: string;
  readonly noFsync?: boolean;
  readonly log?: string;
  readonly verbose?: boolean;
  readonly quiet?: boolean;
}

const APPENDIX: Appendix = {
  examples: [
    ['lockstep up ~/art /mnt/nas/art', 'two directories of this machine'],
    ['lockstep up ~/art office:art', 'one here, one on the machine "office", over ssh'],
    ['lockstep up ~/art anna@office:/srv/art', 'the same as another user'],
    ['lockstep up --name art ~/art office:art', 'remembers it; from then on: lockstep up art'],
  ],
  notes: [
    'Both directories end up with the files of both. Ctrl-C stops; the next start goes on. While it runs, "lockstep ' +
      'list", "lockstep lock FILE" and every other command find the pair in either directory. Nothing listens but a ' +
      'free port of this machine, for you alone.',
  ],
  environment: [['LOCKSTEP_SSH', 'the same as --ssh']],
  environmentNote: '',
  exitCodes: [
    ['0', 'stopped'],
    ['1', 'failed'],
    ['2', 'cannot start like this'],
    ['130', 'ended at once'],
  ],
};

/** @param called words `lockstep` as it was called. */
export const upAppendix = (called: (text: string) => string): Appendix => ({
  ...APPENDIX,
  examples: APPENDIX.examples.map(([line, meaning]) => [called(line), called(meaning)]),
  notes: APPENDIX.notes.map(called),
});

/**
 * @param args the words after `up`.
 * @param print takes the help or the version.
 * @returns the settings; null where nothing more than a text was asked for.
 * @throws SyncError `usage`.
 */
export function upOptions(args: readonly string[], env: Env, print: (text: string) => void): UpSettings | null {
  const command = upCommand(print, helpColumns(), programNames(process.argv[1], env));
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw usageError(commanderErrorText(error), 'Try "lockstep up --help".');
  }
  const { fsync, ...options } = command.opts<UpFlags & { fsync: boolean }>();
  const given: UpFlags = fsync ? options : { ...options, noFsync: true };
  const [dir, otherText, flags] = pairOf(command.args, given, env);
  if (remotePlace(dir) !== null)
    throw usageError('The first directory is one of this machine.', `Try "lockstep up ${otherText} ${dir}".`);
  namingTheFile(command.args[0], given, env, () => {
    checkName(flags.nameA, 'a');
    checkName(flags.nameB, 'b');
  });
  const places = ['--dir', dir, '--port', flags.port ?? '0', '--web', flags.web ?? '0'];
  const own = [...places, ...named(flags.nameA), ...valuesOf(flags, FOR_A)];
  const serverA = namingTheFile(command.args[0], given, env, () => serverAOptions(own, {}, print));
  if ('printed' in serverA) return null;
  const ssh = splitLine(flags.ssh ?? (env.LOCKSTEP_SSH || 'ssh')).words;
  if (ssh.length === 0) throw usageError('--ssh takes a command, not an empty text.');
  if (given.name !== undefined) rememberPair(env, given.name, remembered(dir, otherText, flags));
  return {
    ...serverA.settings,
    create: flags.create === true,
    other: remotePlace(otherText) ?? otherText,
    nameB: flags.nameB ?? null,
    ssh,
    remote: flags.remote ?? 'lockstep',
    yes: flags.yes === true,
    shared: [...valuesOf(flags, FOR_BOTH), ...named(flags.nameB), ...(flags.create === true ? ['--create'] : [])],
  };
}

/** @throws what `read` throws; where it is about a value of the file of pairs, with the place where that stands. */
function namingTheFile<T>(pair: string | undefined, given: UpFlags, env: Env, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [, option = ''] = /^--([a-z-]+) /.exec((error as Error).message) ?? [];
    const isOfFile = given[flagName(option) as keyof UpFlags] === undefined && pair !== undefined;
    const values = isOfFile ? readPairs(env).get(pair) : undefined;
    if (!(error instanceof SyncError) || values === undefined || !Object.hasOwn(values, option)) throw error;
    throw usageError(`${placeOf(env, pair!, option)}: ${error.message.slice('--'.length)}`, error.hint);
  }
}

/** @returns both directories, and the options: as they were given, and as they are remembered. */
function pairOf(words: readonly string[], given: UpFlags, env: Env): [dir: string, other: string, flags: UpFlags] {
  const [first, second] = words;
  if (second !== undefined) return [first!, second, given];
  const pairs = readPairs(env);
  const name = first ?? given.name;
  if (name === undefined)
    throw usageError('up takes two directories, or the name of a pair.', pairs.size === 0 ? HELP : known(pairs));
  const pair = pairs.get(name);
  if (pair !== undefined && given.name === undefined) {
    const { dir, other, ...options } = pair;
    const flags = Object.fromEntries(Object.entries(options).map(([name, value]) => [flagName(name), value]));
    return [dir, other, { ...flags, ...given }];
  }
  if (isName(name) && given.name === undefined)
    throw usageError(`There is no pair ${quote(name)}.`, pairs.size === 0 ? HELP : known(pairs));
  throw usageError('The other directory is missing.', HELP);
}

const HELP = 'Try "lockstep up --help".';

const known = (pairs: ReadonlyMap<string, RememberedPair>): string => `The pairs are: ${[...pairs.keys()].join(', ')}.`;

const named = (name: string | undefined): string[] => (name === undefined ? [] : ['--name', name]);

/** @throws SyncError `usage`. */
function checkName(name: string | undefined, side: Side): void {
  const fault = name === undefined ? null : sideNameFault(name, side);
  if (fault !== null) throw usageError(`--name-${side} takes a name for side ${side}, and ${quote(name!)} ${fault}.`);
}

/** Relative directories are remembered as absolute ones. */
function remembered(dir: string, other: string, flags: UpFlags): RememberedPair {
  const place = remotePlace(other) === null ? path.resolve(other) : other;
  const set = REMEMBERED.flatMap((name) =>
    flags[name] === undefined ? [] : [[optionName(name), flags[name]] as const],
  );
  return { dir: path.resolve(dir), other: place, ...Object.fromEntries(set) };
}

const FOR_BOTH = [
  'ignore',
  'ignoreSet',
  'keepVersions',
  'versionsShare',
  'autoLock',
  'showLocks',
  'noFsync',
  'verbose',
] as const;
const FOR_A = [
  ...FOR_BOTH,
  ...([
    'guard',
    'onEvent',
    'autoLockGrace',
    'rescan',
    'limit',
    'webCert',
    'webKey',
    'metricsTokenFile',
    'log',
    'quiet',
  ] as const),
];
const REMEMBERED = [...FOR_A, 'nameA', 'nameB', 'web', 'ssh', 'remote', 'port'] as const;

/** @returns `keep-versions` for `keepVersions`. */
const optionName = (flag: string): string => flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @returns `keepVersions` for `keep-versions`. */
const flagName = (option: string): string =>
  option.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());

/** @returns the options `names` as words, as far as they were given. */
function valuesOf(flags: UpFlags, names: readonly (keyof UpFlags)[]): string[] {
  return names.flatMap((name) => {
    const option = `--${optionName(name)}`;
    const value = flags[name];
    if (value === undefined || value === false) return [];
    return value === true ? [option] : [value].flat().flatMap((one) => [option, one]);
  });
}

/**
 * @param print takes the help or the version.
 * @param columns the width for the help.
 * @param names how the programs are called.
 */
export function upCommand(
  print: (text: string) => void,
  columns = DEFAULT_COLUMNS,
  names: ProgramNames = PLAIN_NAMES,
): Command {
  const called = (text: string): string => asCalled(text, names);
  const several = (pattern: string, before: string[] | undefined): string[] => [...(before ?? []), pattern];
  return layOut(new Command(called('lockstep up')), columns)
    .description('Keeps two directories identical, here or on two machines, and lets people lock files.')
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .argument('[dir]', 'a directory of this machine, or the name of a remembered pair')
    .argument('[other]', 'another directory, or [USER@]HOST:DIR on another machine')
    .option('--name <name>', called('remember the pair with its options; "lockstep up NAME" starts it again'))
    .option('--name-a <name>', 'what messages call the side of the first directory, such as "home" (default: a)')
    .option('--name-b <name>', 'the same for the other side (default: b)')
    .option('--create', 'make a directory that is missing')
    .option('--yes', 'where both directories have files and meet for the first time: do not ask')
    .option('--ssh <command>', 'runs a command on the other machine (default: ssh; also LOCKSTEP_SSH)')
    .option('--remote <command>', "Lockstep's command on the other machine (default: lockstep)")
    .option('--port <n>', 'the port for clients (default: any free one)')
    .option('--web <[host:]port>', 'where the page for browsers is, or off (default: any free port of this machine)')
    .option('--web-cert <file>', 'serve it with TLS: the certificate, PEM; needed beyond loopback')
    .option('--web-key <file>', 'the key of that certificate, PEM')
    .option('--metrics-token-file <path>', 'a file of 64 digits with which a program reads /metrics of the page')
    .option('--ignore <pattern>', 'leave out what matches, gitignore syntax (repeatable)', several)
    .option('--ignore-set <office|cad>', IGNORE_SET_HELP, several)
    .option('--guard', "take the write bits off the other side's copy while a file is locked")
    .option('--on-event <command>', 'run this for every event, which it gets as JSON on its stdin')
    .option('--auto-lock <on|off>', 'lock documents while a program has them open (default: on)')
    .option('--auto-lock-grace <duration>', GRACE_HELP)
    .option('--show-locks <on|off>', 'let programs say who has locked a document on the other side (default: on)')
    .option('--rescan <duration>', 'scan everything anew this often (default: 60s)')
    .option('--keep-versions <duration>', 'how long overwritten and deleted contents are kept (default: 30d)')
    .option('--versions-share <percent>', 'the most of the disk that they may take (default: 20%)')
    .option('--limit <rate>', 'transfer contents at most this fast: 5M, or "08:00,1M 18:00,off" (default: off)')
    .option('--no-fsync', 'do not wait for the disk: a power cut can lose or damage what is said to be done')
    .option('--log <format>', 'text, or json: one object a line (default: text)')
    .option('--verbose', 'say details too')
    .option('--quiet', 'say only warnings, problems, halts and conflicts')
    .version(packageVersion())
    .addHelpText('after', appendixText(upAppendix(called), columns));
}
