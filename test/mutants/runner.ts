// The other end of a worker: starts it, gives it jobs, and kills it with all that it has started when a job takes too long.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Answer, Job, WorkerOptions } from './worker.js';

export type Outcome = Exclude<Answer, 'ready'> | 'hangs';

export class Runner {
  #worker: ChildProcess | null = null;

  constructor(
    readonly options: WorkerOptions,
    readonly env: Readonly<Record<string, string>> = {},
  ) {}

  async run(job: Job, limitMs: number): Promise<Outcome> {
    this.#worker ??= await this.#start();
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), limitMs);
    this.#worker.once('exit', () => over.abort());
    this.#worker.send(job);
    try {
      const [answer] = await once(this.#worker, 'message', { signal: over.signal });
      this.#worker.removeAllListeners('exit');
      return answer;
    } catch (error) {
      if (!over.signal.aborted) throw error;
      this.close();
      return 'hangs';
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the worker and its processes. The next job starts another. */
  close(): void {
    const pid = this.#worker?.pid;
    this.#worker = null;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #start(): Promise<ChildProcess> {
    const worker = fork(path.join(import.meta.dirname, 'worker.js'), [JSON.stringify(this.options)], {
      cwd: this.options.checkout,
      env: { ...process.env, ...this.env },
      // A group of its own, so that its end is the end of the processes that vitest starts.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(worker, 'message');
    return worker;
  }
}
