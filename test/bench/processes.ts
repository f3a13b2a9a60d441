// The processes that a bench starts. Each leads a process group of its own, so that whatever it starts in its turn ends
// with it: by id, at the end of a measurement, after an error and after Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';

const CLOCK_TICKS = 100;
const STOP_MS = 20_000;
const LAST_CHARS = 2_000;

const running = new Set<Running>();

/** A process that a bench started. */
export class Running {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves when it has ended, with the last of what it printed. */
  readonly ended: Promise<string>;
  #isOver = false;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
    let last = '';
    // All is read, because a pipe that is full would stop it.
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        last = (last + text).slice(-LAST_CHARS);
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', () => {
        this.#isOver = true;
        running.delete(this);
        resolve(last);
      });
    });
    this.ended.catch(() => {});
    this.pid = this.child.pid ?? 0;
    if (this.pid !== 0) running.add(this);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Asks it to end and waits until it has; ends it after 20 seconds. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.child.kill('SIGTERM');
    const hard = setTimeout(() => this.kill(), STOP_MS);
    await this.ended;
    clearTimeout(hard);
  }

  /** Ends it and everything that it started, at once. */
  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Ends all processes that are left. */
export function endAll(): void {
  for (const one of running) one.kill();
}

/** Runs a command to its end. @returns its stdout. @throws where its exit code is not 0. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const process = new Running(command, args, env);
  let stdout = '';
  process.child.stdout!.on('data', (text: string) => {
    stdout += text;
  });
  const last = await process.ended;
  if (process.child.exitCode === 0) return stdout;
  const end = process.child.signalCode ?? `exit code ${process.child.exitCode}`;
  throw new Error(`${command} ended with ${end}: ${last}`);
}

/** What processes have used. */
export interface Usage {
  /** Processor time since they started, seconds. */
  readonly cpuSeconds: number;
  /** What they have in memory, MiB. */
  readonly residentMiB: number;
}

/** @returns what the process groups that these processes lead use. */
export function usageOf(leaders: readonly Running[]): Usage {
  const groups = new Set(leaders.map(({ pid }) => pid));
  let [cpuSeconds, residentMiB] = [0, 0];
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    if (fields === null || !groups.has(Number(fields[2]))) continue;
    // See proc(5): utime and stime are the fields 14 and 15, of which the first two are cut off here.
    cpuSeconds += (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
    residentMiB += memoryOf(Number(name)).residentMiB;
  }
  return { cpuSeconds, residentMiB };
}

/** @returns the fields behind the name of the program, from the state on; null where the process is gone. */
function statFields(pid: string): string[] | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** @returns what a process has in memory now, and what it had at most, MiB. */
export function memoryOf(pid: number): { readonly residentMiB: number; readonly peakMiB: number } {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { residentMiB: of('VmRSS'), peakMiB: of('VmHWM') };
}

/** Lets the peak of a process begin anew, at what it has in memory now. */
export function resetPeak(pid: number): void {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
