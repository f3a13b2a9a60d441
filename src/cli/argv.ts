// Converts the labs' spellings for commander: `-list`, `-lock -3`, `--unlock 3`. Only the command word is converted,
// and a number with a dash only among the targets of lock and unlock.
import type { SyncError } from '../core/errors.js';
import { usageError } from './report-error.js';

/** The commands as the labs write them. */
export const SPELLINGS: Readonly<Record<string, string>> = {
  '-list': 'list',
  '--list': 'list',
  '-lock': 'lock',
  '--lock': 'lock',
  '-unlock': 'unlock',
  '--unlock': 'unlock',
};

/**
 * What `--wait` without a value means: its duration must follow an equals sign, because a word after a blank is a
 * target.
 */
export const FOREVER = 'for ever';

/** The options whose value is the next word; those from `-m` on belong to single commands. */
const TAKES_VALUE = new Set([
  ...['--server', '--pair', '--as', '--secret-file', '--color'],
  ...['-m', '--message', '--side', '--ttl', '--held', '--sort'],
]);
const ASKS_ONLY = new Set(['-h', '--help', '-V', '--version']);

/**
 * @param args the words after the program's name.
 * @returns the same line in commander's spelling; `list` where it has no command.
 * @throws SyncError `usage` for a duration that would be taken for a file.
 */
export function plainArgv(args: readonly string[]): string[] {
  const at = commandAt(args);
  const word = args[at];
  if (word === undefined || word === '--') {
    return args.some((arg) => ASKS_ONLY.has(arg)) ? [...args] : [...args.slice(0, at), 'list', ...args.slice(at)];
  }
  const [name, joined] = joinedNumber(word);
  const command = Object.hasOwn(SPELLINGS, name) ? SPELLINGS[name]! : name;
  const rest = [...joined, ...args.slice(at + 1)];
  return [...args.slice(0, at), command, ...(command === 'lock' || command === 'unlock' ? plainTargets(rest) : rest)];
}

/** `--lock=1` is `--lock 1`. */
function joinedNumber(word: string): [name: string, rest: readonly string[]] {
  const at = word.indexOf('=');
  const name = word.slice(0, at);
  return at > 0 && Object.hasOwn(SPELLINGS, name) ? [name, [word.slice(at + 1)]] : [word, []];
}

/** @returns the index of the command word: the first word that is neither a global option nor its value. */
function commandAt(args: readonly string[]): number {
  let i = 0;
  while (i < args.length) {
    const arg = args[i]!;
    if (arg === '--' || !arg.startsWith('-') || Object.hasOwn(SPELLINGS, joinedNumber(arg)[0])) return i;
    i += TAKES_VALUE.has(arg) ? 2 : 1;
  }
  return args.length;
}

/** A word after `--wait` that looks like a duration is not accepted as a target. */
const A_DURATION = /^\d+(\.\d+)?(ms|s|m|h|d)$/;

const notATarget = (value: string): SyncError =>
  usageError(`After "--wait" and a blank, "${value}" is a file.`, `Write --wait=${value}, or ./${value} for the file.`);

/** `-3` becomes 3; a message that looks like an option stays a message. */
function plainTargets(rest: readonly string[]): string[] {
  const plain: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const arg = rest[i]!;
    if (arg === '--') return [...plain, ...rest.slice(i)];
    const value = rest[i + 1];
    if ((arg === '-m' || arg === '--message') && value !== undefined) {
      plain.push(`--message=${value}`);
      i++;
    } else if (TAKES_VALUE.has(arg) && value !== undefined) {
      plain.push(arg, value);
      i++;
    } else if (arg === '--wait') {
      if (value !== undefined && A_DURATION.test(value)) throw notATarget(value);
      plain.push(`--wait=${FOREVER}`);
    } else {
      plain.push(/^-\d+$/.test(arg) ? arg.slice(1) : arg);
    }
  }
  return plain;
}
