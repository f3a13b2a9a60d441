// The command of --on-event: it gets each event as a line of JSON on its stdin and is never waited for. What it does not
// read in time is left out; where it ends it is started again, with growing delays; it ends with the server.
import { type ChildProcess, spawn } from 'node:child_process';
import type { NumberedEvent } from '../../core/events.js';

/** What may wait for the command, in bytes about. */
const MAX_WAITING = 1_000_000;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;
/** A command that ran for so long is started again without a longer pause than at first. */
const STEADY_MS = 60_000;
/** How long the command may take to end once it has been told that there is no more. */
const END_MS = 1_000;

export class EventCommand {
  readonly #command: string;
  readonly #warn: (text: string) => void;
  readonly #endMs: number;
  #child: ChildProcess | null = null;
  /** Lines for the next start of the command. */
  #waiting: string[] = [];
  #waitingBytes = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: NodeJS.Timeout | null = null;
  #isClosed = false;
  readonly #said = new Set<string>();

  /**
   * @param command a line for the shell.
   * @param warn says that the command does not do its part; each way is said once.
   * @param endMs how long it may take to end.
   */
  constructor(command: string, warn: (text: string) => void, endMs = END_MS) {
    this.#command = command;
    this.#warn = warn;
    this.#endMs = endMs;
  }

  /** Hands an event over; returns at once. */
  event(event: NumberedEvent): void {
    if (this.#isClosed) return;
    const line = `${JSON.stringify(event)}\n`;
    // Where no file handles are left, a child has no streams.
    const stdin = this.#child?.stdin;
    const bytes = stdin ? stdin.writableLength : this.#waitingBytes;
    if (bytes + line.length > MAX_WAITING) this.#leaveOut();
    else if (stdin) stdin.write(line);
    else this.#wait(line);
  }

  /** Ends the command: no more events come, and a moment later it is killed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pause !== null) clearTimeout(this.#pause);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, this.#endMs))]);
    this.kill();
  }

  /** Ends the command at once. */
  kill(): void {
    const pid = this.#child?.pid;
    this.#child = null;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // it has ended already
    }
  }

  #wait(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#pause === null && this.#child === null) this.#start();
  }

  #start(): void {
    this.#pause = null;
    if (this.#isClosed || this.#waiting.length === 0) return;
    const since = performance.now();
    // It leads a group of its own, so that whatever it has started can be ended too. What it prints is no event.
    const child = spawn(this.#command, { shell: true, detached: true, stdio: ['pipe', 2, 2] });
    this.#child = child;
    child.on('error', (error) => this.#ended(child, since, error.message));
    child.on('exit', (code, signal) => this.#ended(child, since, code === null ? `by ${signal}` : `exit code ${code}`));
    if (!child.stdin) return;
    child.stdin.on('error', () => {});
    for (const line of this.#waiting.splice(0)) child.stdin.write(line);
    this.#waitingBytes = 0;
  }

  #ended(child: ChildProcess, since: number, how: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    if (this.#isClosed) return;
    this.#sayOnce('end', `The command of --on-event has ended (${how}). It is started again with a later event.`);
    const pauseMs = performance.now() - since >= STEADY_MS ? FIRST_PAUSE_MS : this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    this.#pause = setTimeout(() => this.#start(), pauseMs).unref();
  }

  #leaveOut(): void {
    this.#sayOnce('reading', 'The command of --on-event does not read its events in time. Events are left out for it.');
  }

  #sayOnce(about: 'end' | 'reading', text: string): void {
    if (this.#said.has(about)) return;
    this.#said.add(about);
    this.#warn(text);
  }
}
