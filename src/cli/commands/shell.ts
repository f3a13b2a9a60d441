// `client shell`: a prompt for lines of the client, and for the labs' `server`, `server lock N`. The whole shell uses
// one connection; an index refers to the listing that the shell showed last.
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { SyncError } from '../../core/errors.js';
import type { CommandContext, Io } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { DEFAULT_COLUMNS, type Row, tableLines, wrapped } from '../help/layout.js';
import { lineWithoutProgram, withoutProgram } from '../program-name.js';
import { reportError, usageError } from '../report-error.js';
import { openHistory } from '../shell-history.js';
import { escapeWord, splitLine, splitWords } from '../shell-words.js';
import { shownHere } from '../shown-listing.js';
import { candidates } from './completion/complete.js';

/** The maximum time for an interrupted line to report something, in milliseconds. */
const LAST_WORDS_MS = 300;
const PROMPT = 'lockstep> ';
const WELCOME = 'Type list, lock N, unlock N, help or quit.\n';
/** What the shell takes, by what it is for. */
const HELP: readonly Row[] = [
  ['list, lock 3, unlock 3, ask 3, locks, held', 'files and locks'],
  ['upload FILE, download 3, rename 3 NAME, delete 3', 'whole files'],
  ['versions 3, restore 3, conflicts, resolve 3 --keep b', 'what was there before'],
  ['status, watch, plan, log, flush, rescan, pause, resume', 'the pair'],
  ['server, server lock 3, server unlock 3', 'the list; lock and unlock number 3 of it'],
  ['help', 'this; "help lock" tells about one command'],
  ['quit', 'leave (also: exit, Ctrl-D)'],
];
const helpText = (columns = DEFAULT_COLUMNS): string =>
  `${[wrapped('Any line of the client works here, with or without the name of the program before it:', columns), ...tableLines(HELP, columns)].join('\n')}\n`;

export async function shell(context: CommandContext): Promise<number> {
  const terminal = context.stdinIsTerminal && context.stdoutIsTerminal;
  // The prompt reads the keys; a line that runs in the shell must not.
  const io = { ...context, stdinIsTerminal: false, readsLines: true, shown: shownHere(context.shown) };
  const history = terminal ? openHistory(context.env) : null;
  const lines = createInterface({
    input: context.stdin(),
    crlfDelay: Infinity,
    ...(terminal
      ? { output: process.stdout, terminal, prompt: PROMPT, completer: completer(context), ...history?.options }
      : { terminal: false }),
  });
  if (history !== null) lines.on('history', (all: string[]) => history.keep(all));
  const running: Running = { stop: null };
  lines.on('SIGINT', () => interrupt(lines, running));
  const leave = () => lines.close();
  context.signal.addEventListener('abort', leave, { once: true });
  const prompt = () => {
    context.flush();
    if (terminal) lines.prompt();
  };
  if (terminal) context.out(WELCOME);
  prompt();
  for await (const line of lines) {
    if (!(await answer(line, context, io, running))) break;
    prompt();
  }
  context.signal.removeEventListener('abort', leave);
  lines.close();
  return EXIT_OK;
}

/** Aborts the line that runs, if one does. */
interface Running {
  stop: AbortController | null;
}

/** @returns whether the shell continues. */
async function answer(line: string, context: CommandContext, io: Io, running: Running): Promise<boolean> {
  const words = wordsOf(line, context);
  if (words === null || words.length === 0) return true;
  if (words[0] === 'quit' || words[0] === 'exit') return false;
  if (words[0] === 'help' && words.length === 1) io.out(helpText(context.columns));
  else if (words[0] === 'shell')
    reportError(context, usageError('This is the shell already.', 'Type quit to leave it.'));
  else if (words[0] === 'menu')
    reportError(context, usageError('The menu has a prompt of its own.', 'Type quit, then: client menu'));
  else await runStoppable(words, context, io, running);
  return true;
}

/** @returns the words of a line without the program's name; null where the line is invalid, which has been reported. */
function wordsOf(line: string, context: CommandContext): readonly string[] | null {
  if (line.trimStart().startsWith('#')) return [];
  try {
    const words = splitWords(line);
    const rest = withoutProgram(words);
    return rest.length === 0 && words.length > 0 ? ['list'] : rest;
  } catch (error) {
    reportError(context, error);
    return null;
  }
}

async function runStoppable(
  words: readonly string[],
  context: CommandContext,
  io: Io,
  running: Running,
): Promise<void> {
  const stop = new AbortController();
  running.stop = stop;
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let isOver = false;
  const untilOver = (say: (text: string) => void) => (text: string) => {
    if (!isOver) say(text);
  };
  const bytes = async (data: Uint8Array) => (isOver ? undefined : io.bytes(data));
  const here = { ...io, signal, out: untilOver(io.out), err: untilOver(io.err), bytes };
  await Promise.race([context.commandLine.run(words, here, context.globals), stopped.then(() => delay(LAST_WORDS_MS))]);
  isOver = true;
  running.stop = null;
}

/** Ctrl-C ends the line that runs; at the prompt it clears the input. */
function interrupt(lines: Interface, running: Running): void {
  process.stdout.write('\n');
  if (running.stop !== null) {
    running.stop.abort(new SyncError('interrupted', 'Interrupted.'));
    return;
  }
  lines.write(null, { ctrl: true, name: 'e' });
  lines.write(null, { ctrl: true, name: 'u' });
  lines.prompt();
}

type Completer = (line: string, done: (error: null, found: [string[], string]) => void) => void;

/** @returns the completions for Tab, quoted like the part that is typed already. */
function completer(context: CommandContext): Completer {
  return (line, done) => {
    const { open, between, from } = splitLine(line);
    const typed = between ? '' : line.slice(from);
    candidates(context, `client ${lineWithoutProgram(line)}`).then(
      ({ found }) => {
        const hits = found.map(({ value }) => (open === '' ? escapeWord(value) : `${open}${value}${open}`));
        done(null, [hits.filter((hit) => hit.startsWith(typed)), typed]);
      },
      () => done(null, [[], typed]),
    );
  };
}
