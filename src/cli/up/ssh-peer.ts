// Server-b at the other end of a command's standard input and output, such as ssh. A run that ends is started anew with
// the next attempt to connect. What the command says on stderr is repeated, and is the reason where it ends at once.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { SyncError } from '../../core/errors.js';
import { escapeControls } from '../../core/path.js';
import type { PeerLink, PeerTransport } from '../../sync/peer/transport.js';
import { connectionOver } from '../../wire/socket/connection.js';
import { carrierOver, openStreams } from '../../wire/socket/multiplex.js';
import { readGreeting } from '../server/greeting.js';
import { spawnFailure } from './spawn-failure.js';

/** Logging in may ask for a password or a touch of a key. */
const START_MS = 120_000;
/** How long a command may take to end after its output has, in milliseconds. */
const END_MS = 2_000;
/** The longest pause between two attempts, in milliseconds: a login costs both machines, and fills logs. */
const PAUSE_MS = 15_000;
/** What is kept of the last words of a command, in characters. */
const LAST_WORDS = 2_000;

/** The command that runs server-b on the other machine. */
interface RemoteCommand {
  /** The words of the command: program and arguments. */
  readonly words: readonly string[];
  /** How server-b is named in messages, such as `office:art`. */
  readonly name: string;
  /** The name of the other machine. */
  readonly host: string;
  /** The program that is to be there. */
  readonly remote: string;
  /** Receives each line that the command prints on stderr while server-b runs. */
  readonly say: (line: string) => void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** @returns the way to a server-b that a command runs. */
export function commandTransport(command: RemoteCommand): PeerTransport {
  return { name: command.name, open: (signal) => openLink(command, signal), maxPauseMs: PAUSE_MS };
}

async function openLink(command: RemoteCommand, signal: AbortSignal): Promise<PeerLink> {
  const [program, ...args] = command.words as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const failure = spawnFailure(child, child.stdin);
  if (failure !== null) throw reasonOf(command, null, '', await failure);
  const end = () => void child.kill();
  let say = (_line: string): void => {};
  const lastWords = wordsOf(child, (line) => say(line));
  try {
    await greeted(child, signal);
    say = command.say;
  } catch (error) {
    end();
    child.stdin.destroy(); // ssh with a ControlMaster, and a command that ignores the signal, end with their input
    throw reasonOf(command, child.exitCode, lastWords(), error as Error);
  }
  const streams = openStreams(carrierOver(child.stdout, child.stdin));
  void streams.closed.then(end);
  return {
    dial: async ({ limits, signal: stop }) => connectionOver(await streams.open(stop), limits),
    close: () => streams.close(),
  };
}

/** Waits for the line that server-b prints first. A command that ends is waited for until its last words are there. */
async function greeted(child: Child, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const spoken = readGreeting(child.stdout, AbortSignal.any([signal, over.signal, AbortSignal.timeout(START_MS)]));
  const ended = new Promise<Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', () => resolve(new Error('It ended before server-b spoke.')));
  });
  child.stdin.on('error', () => {});
  const first = await Promise.race([spoken.catch((error: Error) => endedOr(error, ended, signal)), ended]);
  over.abort();
  if (first instanceof Error) throw first;
}

/** The output ends a little before the command does, and its exit code tells more. */
function endedOr(error: Error, ended: Promise<Error>, signal: AbortSignal): Promise<Error> {
  const late = new Promise<Error>((resolve) => setTimeout(resolve, END_MS, error).unref());
  return signal.aborted ? Promise.resolve(error) : Promise.race([ended, late]);
}

function wordsOf(child: Child, say: (line: string) => void): () => string {
  let kept = '';
  let line = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    kept = (kept + text).slice(-LAST_WORDS);
    const lines = (line + text).split('\n');
    line = lines.pop()!.slice(-LAST_WORDS);
    for (const one of lines) if (one.trim() !== '') say(escapeControls(one.trimEnd()));
  });
  return () => kept;
}

/** How a shell ends where it does not find a program, and how Lockstep does where it cannot start like that. */
const EXIT_NOT_FOUND = 127;
const EXIT_USAGE = 2;

function reasonOf(command: RemoteCommand, exitCode: number | null, lastWords: string, why: Error): SyncError {
  const { host, remote, words } = command;
  const program = words[0]!;
  if ((why as NodeJS.ErrnoException).code === 'ENOENT')
    return new SyncError('usage', `There is no program ${program} on this machine.`, {
      hint: 'Install an ssh client, or name another command with --ssh.',
    });
  if (exitCode === EXIT_NOT_FOUND)
    return new SyncError('usage', `There is no program ${remote} on ${host}.`, {
      hint: 'Install Lockstep there with "npm install -g lockstep-VERSION.tgz", or say where it is with --remote PATH.',
    });
  const said = escapeControls(lastWords.trim().split('\n').at(-1) ?? '');
  if (exitCode === EXIT_USAGE) return new SyncError('usage', `Server-b cannot start on ${host}: ${said}`);
  return new SyncError('unreachable', `Cannot start server-b on ${host}: ${said === '' ? why.message : said}`, {
    hint: `Try by hand: ${program} ${host} ${remote} --version`,
    cause: why,
  });
}
