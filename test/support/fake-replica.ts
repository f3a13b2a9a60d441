// A replica that does nothing by itself: a test sees what is asked of it and says how it ends.
import type { Change, Outcome } from '../../src/core/change.js';
import type { RelPath } from '../../src/core/path.js';
import type { Applied, Content, Offer, Replica, ScanResult, ScanScope, Wanted } from '../../src/replica.js';
import { AsyncQueue } from '../../src/wire/socket/async-queue.js';

/** One apply that was asked for. */
export class Job {
  readonly outcomes = new AsyncQueue<Applied>();

  constructor(
    readonly changes: readonly Change[],
    readonly contents: AsyncIterable<Content>,
  ) {}

  get paths(): string[] {
    return this.changes.map(({ path }) => path);
  }

  report(n: number, outcome: Outcome = { kind: 'done', sent: 0 }): void {
    void this.outcomes.put({ n, outcome });
  }

  /** Tells that all is done, and ends. */
  finish(): void {
    for (const n of this.changes.keys()) this.report(n);
    this.outcomes.end();
  }

  /** Ends without a word of the rest. */
  fail(error: Error): void {
    this.outcomes.end(error);
  }

  /** Takes all contents in, as text. */
  async take(): Promise<string[]> {
    const texts: string[] = [];
    for await (const piece of this.contents) {
      if ('data' in piece) texts[piece.n] = (texts[piece.n] ?? '') + piece.data.toString();
      else if ('failed' in piece) texts[piece.n] = `<${piece.failed.kind}>`;
    }
    return texts;
  }
}

export class FakeReplica implements Replica {
  readonly jobs: Job[] = [];
  readonly wanted: (readonly Wanted[])[] = [];
  /** The paths of the changes for which it was asked what it has of them already. */
  readonly askedFor: RelPath[] = [];
  /** What can be read, by path; null: it is stale. */
  readonly files = new Map<RelPath, string | null>();
  /** What a read throws, if it does. */
  readError: Error | null = null;

  apply(changes: readonly Change[], contents: AsyncIterable<Content>): AsyncIterable<Applied> {
    const job = new Job(changes, contents);
    this.jobs.push(job);
    return job.outcomes;
  }

  async *read(wanted: readonly Wanted[]): AsyncGenerator<Content> {
    this.wanted.push(wanted);
    for (const [n, { path }] of wanted.entries()) {
      if (this.readError !== null) throw this.readError;
      const content = this.files.get(path) ?? null;
      if (content === null) yield { n, failed: { kind: 'stale' } };
      else yield { n, data: Buffer.from(content), last: true };
    }
  }

  async scan(_scope?: ScanScope, _paths?: readonly RelPath[]): Promise<ScanResult> {
    throw new Error('nobody looks here');
  }

  async offer(change: Change): Promise<Offer | null> {
    this.askedFor.push(change.path);
    return null;
  }

  async acceptDeletes(): Promise<void> {}
  onHint(): void {}
  async close(): Promise<void> {}
}
