// Runs a server program: starts it, reports why it cannot start, stops on a signal and exits within five seconds.
import { isatty } from 'node:tty';
import { SyncError } from '../../core/errors.js';
import type { NumberedEvent } from '../../core/events.js';
import { type SideNames, UNNAMED } from '../../core/side-name.js';
import { leaveFlushesOut } from '../../disk/fs/flush.js';
import type { ServerLogger } from '../../log.js';
import { errorObject, errorText } from '../error-text.js';
import { EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, exitCodeOf } from '../exit-codes.js';
import { Writer } from '../output-buffer.js';
import { asCalled, programNames } from '../program-name.js';
import { colorsFor, isDumb, wantsColor } from '../render/colors.js';
import { safeText } from '../render/safe.js';
import { exceptions } from '../render/status.js';
import { clientFor } from './client-typed.js';
import { eventLogger } from './event-log.js';
import { EventCommand } from './on-event.js';
import type { Asked, ServerSettings } from './options.js';
import { type Progress, SyncBar } from './sync-bar.js';

/** The maximum time for stopping, in milliseconds; the exit has to follow within five seconds of the signal. */
const STOP_MS = 4_500;
/**
 * A supervisor and the terminal may both deliver one Ctrl-C: a second signal within this time, in milliseconds, is
 * ignored.
 */
const ECHO_MS = 250;

/** The exit codes of servers that fail, besides 1: for how they were started, and for a dry run of a halted pair. */
const SAID_BY_SERVERS: ReadonlySet<number> = new Set([2, 8]);

/** What --no-fsync costs. */
const UNFLUSHED =
  'Nothing is flushed to the disk (--no-fsync): a power cut can lose or damage what was written last, files, locks and held updates, although it was said to be done.';

/** A started server. */
interface Running {
  stop(): Promise<void>;
  /** How far the work has come, for the server that knows. */
  progress?(): Progress;
  /** Where clients on this machine reach it, for the server that they talk to. */
  readonly clients?: { readonly host: string; readonly port: number };
  /** What keeps both sides from being equal, for the server that knows. */
  exceptions?(): { readonly held: number; readonly problems: number };
  /** What the sides are called. */
  names?(): SideNames;
  /** Resolves only if the server ends by itself. */
  readonly failed: Promise<Error>;
  /** Resolves when there is nobody left to serve, for the server of one caller. */
  readonly ended?: Promise<void>;
}

/**
 * Runs a server until a signal ends it.
 * @param read parses the settings from the arguments and the environment.
 * @param start starts the server; `say` prints a line beside the log.
 * @param stdout the stream for help, version and log.
 * @param shown leaves out of the log what is not to be shown in it.
 */
export async function serve<S extends ServerSettings>(
  read: (args: string[], env: NodeJS.ProcessEnv, print: (text: string) => void) => Asked<S>,
  start: (settings: S, log: ServerLogger, say: (text: string) => void) => Promise<Running>,
  stdout: NodeJS.WritableStream = process.stdout,
  shown: (log: ServerLogger) => ServerLogger = (log) => log,
): Promise<void> {
  let bar = new SyncBar(null);
  const output = new Writer((text) => bar.aside(() => stdout.write(text)));
  // A closed stdout does not end the server.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const leave = (code: number): void => {
    bar.stop();
    output.flush();
    process.exit(code);
  };
  const give = (error: unknown, verbose: boolean): void => {
    bar.stop();
    const { message, hint } = errorObject(error);
    const names = programNames(process.argv[1], process.env);
    process.stderr.write(`${errorText({ message, hint: asCalled(hint, names) })}\n`);
    if (verbose && error instanceof Error) process.stderr.write(safeText(`${error.stack}\n`));
  };
  const hangup = new Hangup();
  let verbose = false;
  const die = (error: unknown): void => {
    give(error, verbose);
    const code = exitCodeOf(error);
    leave(SAID_BY_SERVERS.has(code) ? code : EXIT_FAILED);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  try {
    const asked = read(process.argv.slice(2), process.env, (text) => output.add(text));
    if ('printed' in asked) return;
    verbose = asked.settings.verbose;
    bar = new SyncBar(terminalFor(asked.settings));
    let started: Running | null = null;
    const log = logger(asked.settings, output, bar, () => started);
    hangup.log = log;
    if (asked.settings.noFsync) leaveFlushesOut();
    if (asked.settings.noFsync) log.warn(UNFLUSHED);
    const command = commandFor(asked.settings, log);
    const starting = start(asked.settings, withCommand(shown(log), command), (text) => output.add(text));
    const stop = async () => {
      await (await starting).stop();
      await command?.close();
    };
    hangup.stop = stopOnSignals(stop, leave, give);
    const running = await starting;
    started = running;
    if (running.progress !== undefined) bar.follow(() => running.progress!());
    const error = await Promise.race([running.failed, running.ended ?? running.failed]);
    await stop();
    if (error instanceof Error) die(wrapped(error));
    else leave(EXIT_OK);
  } catch (error) {
    die(error);
  }
}

const wrapped = (error: Error): Error =>
  error instanceof SyncError ? error : new SyncError('failed', error.message, { cause: error });

/** The bar is for people: a log for programs, or a quiet one, has none. */
const terminalFor = ({ log, quiet }: ServerSettings): NodeJS.WriteStream | null =>
  log === 'text' && !quiet && process.stderr.isTTY && !isDumb(process.env) ? process.stderr : null;

function logger(settings: ServerSettings, output: Writer, bar: SyncBar, running: () => Running | null): ServerLogger {
  const said = eventLogger({
    butFor: () => butForOf(running()),
    client: () => clientFor(running(), settings),
    names: () => running()?.names?.() ?? UNNAMED,
    format: settings.log,
    quiet: settings.quiet,
    dated: process.stdout.isTTY !== true,
    verbose: settings.verbose,
    colors: colorsFor(settings.log === 'text' && wantsColor('auto', process.stdout.isTTY === true, process.env)),
    out: (text) => output.add(text),
    err: (text) => bar.aside(() => process.stderr.write(text)),
  });
  const event = (happened: NumberedEvent): void => {
    said.event(happened);
    bar.event(happened);
  };
  return { ...said, event };
}

function butForOf(running: Running | null): string {
  const { held, problems } = running?.exceptions?.() ?? { held: 0, problems: 0 };
  return exceptions(held, problems);
}

/** The command of --on-event, whose processes do not outlive this one. */
function commandFor({ onEvent }: ServerSettings, log: ServerLogger): EventCommand | null {
  if (onEvent === null) return null;
  const command = new EventCommand(onEvent, log);
  process.on('exit', () => command.kill());
  return command;
}

function withCommand(log: ServerLogger, command: EventCommand | null): ServerLogger {
  if (command === null) return log;
  const event = (happened: NumberedEvent): void => {
    log.event(happened);
    command.event(happened);
  };
  return { ...log, event };
}

/** A hangup ends a server that has a terminal. Others go on: `nohup` and services mean them to. */
class Hangup {
  log: ServerLogger | null = null;
  /** Ends the server. */
  stop: () => void = () => process.exit(EXIT_INTERRUPTED);
  #isSaid = false;

  constructor() {
    process.on('SIGHUP', isatty(0) || isatty(1) ? () => this.stop() : () => this.#ignore());
  }

  #ignore(): void {
    if (!this.#isSaid)
      this.log?.warn('A hangup (SIGHUP) is ignored, as there is no terminal. SIGTERM ends the server.');
    this.#isSaid = this.log !== null;
  }
}

/** @returns what a signal does. */
function stopOnSignals(
  stop: () => Promise<void>,
  leave: (code: number) => void,
  give: (error: unknown, verbose: boolean) => void,
): () => void {
  let firstAt: number | null = null;
  const onSignal = (): void => {
    if (firstAt !== null) {
      const soon = firstAt + ECHO_MS - performance.now();
      if (soon <= 0) leave(EXIT_INTERRUPTED);
      else setTimeout(leave, soon, EXIT_INTERRUPTED);
      return;
    }
    firstAt = performance.now();
    setTimeout(leave, STOP_MS, EXIT_OK);
    stop().then(
      () => leave(EXIT_OK),
      (error) => {
        give(error, false);
        leave(EXIT_FAILED);
      },
    );
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // The parent of a child that serves it has ended.
  process.on('disconnect', () => firstAt ?? onSignal());
  return onSignal;
}
