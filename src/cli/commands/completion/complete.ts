// `client __complete SHELL LINE`: the completions of the last word of LINE, one a line, as `value TAB note`. The
// completion scripts run it at every Tab, so it is fast, and it prints nothing when the server is away.
import type { Command } from 'commander';
import { addressText } from '../../../client/server-address.js';
import type { ListEntry } from '../../../wire/client-api/methods.js';
import { SPELLINGS } from '../../argv.js';
import { type CommandContext, contextFor, type Globals } from '../../context.js';
import { EXIT_OK } from '../../exit-codes.js';
import { lockText } from '../../render/lock-words.js';
import { shownName } from '../../render/width.js';
import { splitLine } from '../../shell-words.js';
import { firstWords, ofPrograms } from './programs.js';
import { type Candidate, isCalled, localFiles, optionCalled, optionsOf, plain, valuesOf } from './words.js';

/** The maximum time to wait for the server, in milliseconds. */
const PATIENCE_MS = 700;
const MAX_CANDIDATES = 300;

export async function complete(context: CommandContext, shell: string, line: string): Promise<number> {
  const { found, word, quoted } = await candidates(context, line);
  const done = shell === 'bash' && !quoted ? lastBreak(word) : 0; // bash replaces only what follows the last : or =
  const asWord = shell === 'bash' && !quoted ? bashWord : String;
  for (const { value, note } of found) context.out(`${asWord(value.slice(done))}\t${note}\n`);
  return EXIT_OK;
}

/** @returns the completions of the last word of `line`, and that word; `line` begins with the program's name. */
export async function candidates(
  context: CommandContext,
  line: string,
): Promise<{ found: Candidate[]; word: string; quoted: boolean }> {
  const { words, open, between } = splitLine(line);
  const before = between ? words : words.slice(0, -1);
  const word = between ? '' : (words.at(-1) ?? '');
  const all = (await ofPrograms(before, word, context.env)) ?? (await possible(context, before, word));
  return {
    found: all.filter(({ value }) => value.startsWith(word)).slice(0, MAX_CANDIDATES),
    word,
    quoted: open !== '',
  };
}

async function possible(context: CommandContext, words: readonly string[], word: string): Promise<Candidate[]> {
  const [name = '', ...before] = words;
  const program = context.commandLine.commands();
  const ended = before.includes('--');
  const command = commandIn(before, program);
  if (command === 'unknown') return [];
  const last = ended ? undefined : optionCalled(before.at(-1) ?? '', command, program);
  if (last?.required) return valuesOf(last, word);
  if (!ended && word.startsWith('-')) return optionsOf(command, program).map(plain);
  if (command === null)
    return [...program.commands.flatMap((one) => (isHidden(one) ? [] : [noted(one)])), ...firstWords(name)];
  const typed = argumentsTyped(command, before);
  const arguments_ = command.registeredArguments;
  const argument = arguments_[typed] ?? (arguments_.at(-1)?.variadic ? arguments_.at(-1) : undefined);
  if (argument === undefined) return [];
  // Behind the first file may come another one, or where it goes.
  if (typed > 0 && TRANSFERS.has(command.name()))
    return [...(await filesFor(context, before, command.name(), word)), ...localFiles(word)];
  const choices = alternatives(argument.description);
  if (choices.length > 0) return choices.map(plain);
  if (LOCAL.has(argument.name())) return localFiles(word);
  return OF_THE_PAIR.has(argument.name()) ? filesFor(context, before, command.name(), word) : [];
}

/** The names of arguments that are files of the pair, and of those that are local files. */
const OF_THE_PAIR = new Set(['target', 'glob', 'newname']);
const LOCAL = new Set(['file']);
/** Commands about locks that are there. */
const LOCKED = new Set(['unlock', 'ask']);
const TRANSFERS = new Set(['upload', 'download']);

const noted = (command: Command): Candidate => ({ value: command.name(), note: command.description() });
const isHidden = (command: Command): boolean => command.name().startsWith('__');

/** @returns `bash, zsh or fish` as three words. */
const alternatives = (text: string): string[] =>
  /^\w+(, \w+)* or \w+$/.test(text) && !text.includes('path') ? text.split(/, | or /) : [];

/** @returns the number of arguments of the command that are typed already. */
function argumentsTyped(command: Command, before: readonly string[]): number {
  const typed = before.slice(
    before.findIndex((word) => nameOf(word) === command.name() || command.aliases().includes(word)) + 1,
  );
  let at = 0;
  for (let i = 0; i < typed.length; i++) {
    const option = command.options.find((one) => isCalled(one, typed[i]!));
    if (option?.required) i++;
    else if (!typed[i]!.startsWith('-')) at++;
  }
  return at;
}

const nameOf = (word: string): string => (Object.hasOwn(SPELLINGS, word) ? SPELLINGS[word]! : word);

function commandIn(words: readonly string[], program: Command): Command | null | 'unknown' {
  for (let i = 0; i < words.length; i++) {
    const name = nameOf(words[i]!);
    const command = program.commands.find((one) => one.name() === name || one.aliases().includes(name));
    if (command !== undefined) return command;
    if (optionCalled(words[i]!, null, program)?.required) i++;
    else if (!words[i]!.startsWith('-')) return 'unknown';
  }
  return null;
}

/** @returns file names, and numbers where the word can become one. */
async function filesFor(
  context: CommandContext,
  before: readonly string[],
  command: string,
  word: string,
): Promise<Candidate[]> {
  const entries = await listed(context, before);
  const wanted = LOCKED.has(command) ? entries.filter(({ lock }) => lock !== null) : entries;
  const names = wanted.filter(({ path }) => shownName(path) === path).map(({ path, lock }) => named(path, lock));
  if (command === 'list' || !/^\d*$/.test(word)) return names;
  const shown = context.shown.recall(addressText(context.server));
  const numberOf = new Map((shown ?? entries.map(({ path }) => path)).map((path, index) => [path, index]));
  const numbers = wanted.flatMap(({ path }) => {
    const index = numberOf.get(path);
    return index === undefined ? [] : [{ value: String(index), note: shownName(path) }];
  });
  return word === '' ? [...names, ...numbers] : [...numbers, ...names];
}

/**
 * A name of digits gets `./` before it, so that it is not an index; a name with a dash, so that it is not an option.
 */
const named = (path: string, lock: ListEntry['lock']): Candidate => ({
  value: /^(\d+$|-)/.test(path) ? `./${path}` : path,
  note: lock === null ? '' : lockText(lock),
});

/**
 * @returns the server's listing; nothing where it is away or slow. The line's own options for the connection are used.
 */
async function listed(context: CommandContext, before: readonly string[]): Promise<readonly ListEntry[]> {
  const late = new Promise<readonly ListEntry[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref());
  const asked = async () => (await (await asTyped(context, before).api()).list()).entries;
  return Promise.race([asked().catch(() => []), late]);
}

function asTyped(context: CommandContext, before: readonly string[]): CommandContext {
  const typed: { server?: string; as?: string; secretFile?: string; allowLocal?: boolean } = {};
  for (const [i, word] of before.entries()) {
    const [name, value] = word.includes('=')
      ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      : [word, before[i + 1]];
    if (name === '--server' && value !== undefined) typed.server = value;
    if (name === '--secret-file' && value !== undefined) typed.secretFile = value;
    if (word === '--allow-local') typed.allowLocal = true;
    if (name === '--as' && value !== undefined) typed.as = value;
  }
  const globals: Globals = { ...context.globals, ...typed };
  return contextFor(context, globals, context.commandLine);
}

/** @returns `value` as a word of bash: the shell takes what is offered as it stands. A `#` counts only in front, and `~/` is a home. */
const bashWord = (value: string): string => value.replace(/[\s\\'"`$&;|<>()[\]{}*?!]|^~(?!\/)|^#/g, '\\$&');

/** @returns the offset at which bash begins a word of its own. */
const lastBreak = (word: string): number => Math.max(word.lastIndexOf(':'), word.lastIndexOf('=')) + 1;
