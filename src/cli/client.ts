// The program `client`: arguments, streams, signals and exit code.
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Client } from '../client/client.js';
import { readTable } from './config/table.js';
import { Connections } from './connections.js';
import type { Io } from './context.js';
import { EXIT_INTERRUPTED, EXIT_OK, exitCodeOf } from './exit-codes.js';
import { nearbyPair } from './nearby-pair.js';
import { Writer } from './output-buffer.js';
import { clientKinds, runLine } from './program/program.js';
import { programNames } from './program-name.js';
import { isDumb } from './render/colors.js';
import { reportError } from './report-error.js';
import { type ShownListing, shownOnTerminal, stateDirectory } from './shown-listing.js';
import { terminalIdentity } from './terminal-identity.js';
import { addressOfPair, pairOf } from './up/pair-address.js';

/** The maximum time for an interrupted command to end, in milliseconds. */
const LAST_WORDS_MS = 300;
const { stdout, stderr, env } = process;
const names = { ...programNames(process.argv[1], env), pairHere: () => pairOf(env, process.cwd()) };
const stdinIsTerminal = isatty(0);
const connections = new Connections((server, user, trust) => Client.connect({ server, user, ...trust }));
const interrupted = new AbortController();
const output = new Writer((text) => stdout.write(text));

const io: Io = {
  env,
  inFile: () => readTable(env, 'client', clientKinds),
  nearby: () => nearbyPair(process.cwd()),
  pairNamed: (name) => addressOfPair(env, name),
  names,
  connect: (server, user, trust) => connections.get(server, user, trust),
  out: (text) => output.add(text),
  err: sayOnStderr,
  bytes: (data) => {
    output.flush();
    return new Promise((resolve) => stdout.write(data, () => resolve()));
  },
  flush: () => output.flush(),
  shown: shownInThisTerminal(),
  signal: interrupted.signal,
  stdin: () => process.stdin,
  stdinIsTerminal,
  stdoutIsTerminal: stdout.isTTY === true,
  progress: stderr.isTTY && !isDumb(env) ? stderr : undefined,
  columns: stdout.isTTY ? stdout.columns || 80 : undefined, // pseudo-terminals may report none
};

// A closed stdout, as in `client list | head`, is not a failure.
stdout.on('error', () => process.exit(EXIT_OK));
stderr.on('error', () => {});
process.once('SIGINT', interrupt);
process.once('SIGTERM', interrupt);

let code: number;
try {
  code = await runLine(process.argv.slice(2), io);
} catch (error) {
  reportError({ json: false, names, out: io.out, err: io.err }, error);
  code = exitCodeOf(error);
}
connections.close();
end(interrupted.signal.aborted ? EXIT_INTERRUPTED : code);

/** Ctrl-C: a command may report what it interrupts; nothing else is waited for. */
function interrupt(): void {
  interrupted.abort();
  setTimeout(end, LAST_WORDS_MS, EXIT_INTERRUPTED);
}

/** Exits when stdout has written everything. */
function end(exitCode: number): void {
  output.flush();
  stdout.write('', () => process.exit(exitCode));
}

/** Keeps the order of the output on both streams. */
function sayOnStderr(text: string): void {
  output.flush();
  stderr.write(text);
}

function shownInThisTerminal(): ShownListing {
  return shownOnTerminal({
    directory: stateDirectory(env),
    identity: terminalIdentity,
    recalls: stdinIsTerminal || stdout.isTTY || stderr.isTTY,
    records: stdout.isTTY || (stderr.isTTY && stdoutIsPipe()),
    warn: (text) => sayOnStderr(`${text}\n`),
  });
}

function stdoutIsPipe(): boolean {
  try {
    const kind = fstatSync(1);
    return kind.isFIFO() || kind.isSocket();
  } catch {
    return false; // stdout is closed
  }
}
