// Reads what a server is given: a flag wins over a variable, that over config.toml, that over the default.
import { type Command, CommanderError } from 'commander';
import { kindsOf } from '../config/table.js';
import { type Env, type FileTable, NO_TABLE } from '../context.js';
import { commanderErrorText } from '../error-text.js';
import { helpColumns } from '../help/layout.js';
import { programNames } from '../program-name.js';
import { usageError } from '../report-error.js';
import { switchOf } from '../switch.js';
import { serverCommand } from './command.js';
import type { Given } from './given.js';

interface Flags {
  port?: string;
  host?: string;
  secretFile?: string;
  keys?: string;
  allowLocal?: boolean;
  create?: boolean;
  name?: string;
  stdio?: boolean;
  dir?: string;
  ignore?: string[];
  ignoreSet?: string[];
  log?: string;
  verbose?: boolean;
  quiet?: boolean;
  guard?: boolean;
  dryRun?: boolean;
  onEvent?: string;
  limit?: string;
  /** False where --no-fsync is given, else true. */
  fsync?: boolean;
  peer?: string;
  rescan?: string;
  autoLock?: string;
  autoLockGrace?: string;
  showLocks?: string;
  keepVersions?: string;
  versionsShare?: string;
  web?: string;
  webCert?: string;
  webKey?: string;
  metricsTokenFile?: string;
}

type Switch = 'verbose' | 'quiet' | 'guard' | 'dryRun' | 'allowLocal' | 'create' | 'stdio' | 'noFsync';

/** What was given. */
export interface Read {
  readonly which: 'a' | 'b';
  readonly flags: Flags & { noFsync?: boolean };
  /** @returns a flag's text, else the variable's, else the default. */
  given(name: Exclude<keyof Flags, 'ignore' | 'ignoreSet' | 'fsync' | Switch>, otherwise: string): Given;
  /** @returns whether a switch is on. */
  on(name: Switch): boolean;
  readonly ignore: readonly string[];
  readonly ignoreSets: readonly Given[];
}

/** Reads the table of a server in config.toml. */
export type ReadFile = (kinds: ReturnType<typeof kindsOf>) => FileTable;

/** Where values come from besides the command line. */
interface Sources {
  readonly env: Env;
  readonly inFile?: ReadFile | undefined;
}

/**
 * @param args the words after the program's name.
 * @param print receives the help or the version.
 * @returns null where nothing more than a text was asked for.
 * @throws SyncError `usage`.
 */
export function parse(
  which: 'a' | 'b',
  args: readonly string[],
  { env, inFile = () => NO_TABLE }: Sources,
  print: (text: string) => void,
): Read | null {
  const program = serverCommand(which, print, programNames(process.argv[1], env), helpColumns());
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw usageError(commanderErrorText(error), `Try "${program.name()} --help".`);
  }
  return readingOf(which, program, env, inFile(kindsOf(program)));
}

function readingOf(which: 'a' | 'b', program: Command, env: Env, file: FileTable): Read {
  const given = program.opts<Flags>();
  const flags: Read['flags'] = given.fsync === false ? { ...given, noFsync: true } : given;
  const positional = program.args[0];
  if (positional !== undefined && flags.port !== undefined && positional !== flags.port) {
    throw usageError(`The port is given twice: ${positional} and --port ${flags.port}.`, 'Give one of them.');
  }
  const spelled = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const variable = (name: string): string =>
    `LOCKSTEP_${which.toUpperCase()}_${spelled(name).replaceAll('-', '_').toUpperCase()}`;
  const fromEnv = (name: string): string | undefined => env[variable(name)] || undefined;
  /** What the environment gives, else the file. */
  const beside = (name: string): { texts: readonly string[]; from: string } | undefined => {
    const text = fromEnv(name);
    return text === undefined ? file.get(spelled(name)) : { texts: [text], from: variable(name) };
  };
  return {
    which,
    flags,
    given(name, otherwise) {
      if (name === 'port' && positional !== undefined) return { text: positional, from: 'PORT' };
      const flag = flags[name];
      if (flag !== undefined) return { text: flag, from: `--${spelled(name)}` };
      const value = beside(name);
      if (value === undefined) return { text: otherwise, from: `--${spelled(name)}` };
      return { text: value.texts[0]!, from: value.from };
    },
    on: (name) => {
      const flag = flags[name];
      if (flag !== undefined) return flag;
      const { texts, from } = beside(name) ?? { texts: ['0'], from: variable(name) };
      return switchOf(texts[0]!, from);
    },
    ignoreSets: several('ignoreSet'),
    ignore: several('ignore').flatMap(({ text }) => text.split(/\r?\n/).filter((line) => line.trim() !== '')),
  };

  function several(name: 'ignore' | 'ignoreSet'): Given[] {
    const flag = flags[name];
    if (flag !== undefined) return flag.map((text) => ({ text, from: `--${spelled(name)}` }));
    const value = beside(name);
    return (value?.texts ?? []).map((text) => ({ text, from: value!.from }));
  }
}
