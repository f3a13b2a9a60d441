// A session between two replicas that do only what a test says: each scan and each apply waits until the test answers it,
// and time stands still until the test lets it go by. What is said comes out as lines.
import type { Change, Outcome } from '../../src/core/change.js';
import { SyncError } from '../../src/core/errors.js';
import { type Introduction, introducedBy, type RootDescription } from '../../src/core/partner.js';
import type { RelPath, Side } from '../../src/core/path.js';
import type { Marks } from '../../src/core/path-set.js';
import { Snapshot } from '../../src/core/snapshot.js';
import type { Logger } from '../../src/log.js';
import type { Replica, ScanResult, ScanScope } from '../../src/replica.js';
import type { Clock } from '../../src/sync/clock.js';
import type { HeldContents } from '../../src/sync/held/held-updates.js';
import { LockState } from '../../src/sync/locks/lock-state.js';
import { Pair } from '../../src/sync/pair/pair.js';
import type { GateOptions } from '../../src/sync/session/gate.js';
import { Session } from '../../src/sync/session/session.js';
import { showChanges, showTree, tree, treeOf } from './core/tree.js';
import { turn } from './disk-site.js';
import { FakeReplica, type Job } from './fake-replica.js';
import { LockPlace, MemoryLockStore } from './memory-lock-store.js';

export const LOOK: ScanResult = {
  entries: [],
  whole: false,
  unknown: [],
  problems: [],
  rules: [],
  unsettled: 0,
  halt: null,
};

/** @returns a scan that tells of the tree in `text`, or of what differs, with `-x` for what is gone. */
export function scanPath(text: string, more: Partial<ScanResult> = {}): ScanResult {
  const gone = text.split(/\s+/).filter((token) => token.startsWith('-'));
  const there = text.split(/\s+/).filter((token) => !token.startsWith('-'));
  const entries = [...tree(there.join(' '))].map(([path, entry]) => ({ path, entry }));
  return {
    ...LOOK,
    entries: [...gone.map((token) => ({ path: token.slice(1) as RelPath, entry: null })), ...entries],
    ...more,
  };
}

/** @returns the paths that are compared next, `x*` with all below it. */
export function marksOf(pair: Pair): string {
  if (pair.everythingMarked) return 'everything';
  const found: string[] = [];
  const walk = (marks: Marks, path: string) => {
    if (marks.here || marks.deep) found.push(`${path}${marks.deep ? '*' : ''}`);
    for (const [name, below] of marks.below) walk(below, path === '' ? name : `${path}/${name}`);
  };
  walk(pair.marks.root, '');
  return found.sort().join(' ');
}

/** A scan that was asked for. */
export interface RequestedScan {
  readonly scope: ScanScope;
  readonly paths: readonly RelPath[];
  readonly answer: (scan: ScanResult) => void;
  readonly fail: (error: Error) => void;
}

export const OWN: RootDescription = { root: 'root-a', dir: '/a', device: '1', machine: 'here' };
const ROOT_B = 'root-b';

export class ScriptedReplica extends FakeReplica {
  readonly introduction: Introduction = introducedBy(ROOT_B);
  /** Looks that were asked for and not answered. */
  readonly scans: RequestedScan[] = [];
  accepted = 0;
  closed = 0;
  hint: () => void = () => {};

  override scan(scope: ScanScope, paths: readonly RelPath[] = []): Promise<ScanResult> {
    return new Promise((answer, fail) => this.scans.push({ scope, paths, answer, fail }));
  }

  override async acceptDeletes(): Promise<void> {
    this.accepted++;
  }

  override onHint(listener?: () => void): void {
    this.hint = listener ?? (() => {});
  }

  override async close(): Promise<void> {
    this.closed++;
  }
}

/** Time that goes by when a test says so. */
export class HandClock implements Clock {
  elapsed = 0;
  readonly #timers = new Set<{ readonly at: number; readonly act: () => void }>();

  now(): number {
    return Date.parse('2026-11-21T14:03:22.000Z') + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.elapsed + ms, act };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  soon(act: () => void): void {
    setImmediate(act);
  }

  pass(ms: number): void {
    this.elapsed += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.elapsed) continue;
      this.#timers.delete(timer);
      timer.act();
    }
  }
}

const NOTHING_HELD: HeldContents = {
  save: async () => 'held',
  async *read(_name: string) {
    yield { n: 0, data: Buffer.from('held'), last: true };
  },
  has: () => true,
  remove: () => {},
  moveToVersions: () => {},
} as unknown as HeldContents;

export class SessionFixture {
  readonly said: string[] = [];
  /** What was said of work that begins: apart, because each piece of work begins. */
  readonly work: string[] = [];
  readonly warnings: string[] = [];
  /** The replicas of side b that changes may be brought to, in order. */
  readonly paired: Replica[] = [];
  readonly clock = new HandClock();
  readonly a = new ScriptedReplica();
  b = new ScriptedReplica();
  readonly pair: Pair;
  readonly lockState: LockState;
  readonly session: Session;
  /** Where the locks are stored. */
  readonly locks: LockPlace;
  /** How often a person has accepted that locks are lost. */
  lostLocksAccepted = 0;
  /** Why no content can be held, if none can. */
  heldError: Error | null = null;
  /** How often the archive was made durable. */
  flushed = 0;
  readonly log: Logger = {
    event: ({ event, ...more }) => {
      const line = [event, ...Object.values(more).filter((value) => value !== null)].join(' ');
      (event === 'syncing' ? this.work : this.said).push(line);
    },
    detail: () => {},
    warn: (text) => void this.warnings.push(text),
  };

  /**
   * @param shared what both sides shared when the last run ended.
   * @param locks where the locks were stored then.
   * @param gate who is asked before anything is transferred.
   */
  constructor(shared = '', locks = new LockPlace(), gate?: GateOptions) {
    this.locks = locks;
    const durable = async () => void this.flushed++;
    this.pair = new Pair(new Snapshot(), { put: () => {}, durable, close: async () => {} });
    this.pair.meta.put('roots', `${OWN.root} ${ROOT_B}`);
    for (const [path, entry] of tree(shared)) this.pair.agree(path, entry);
    this.lockState = new LockState(new MemoryLockStore(locks), this.log);
    const { pair, lockState, log, clock, a: local } = this;
    const acceptLostLocks = async () => {
      this.lostLocksAccepted++;
      pair.locksHalt = null;
    };
    const save = async () => {
      if (this.heldError !== null) throw this.heldError;
      return 'held';
    };
    this.session = new Session({
      pair,
      own: OWN,
      local,
      lockState,
      heldFiles: { ...NOTHING_HELD, save },
      log,
      clock,
      acceptLostLocks,
      gate,
      paired: (replica) => void this.paired.push(replica),
    });
  }

  /** Both sides are there, and have `trees`; everything that this leads to is transferred out. */
  static async inSync(text: string, shared = text): Promise<SessionFixture> {
    const fixture = new SessionFixture(shared);
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', text, { whole: true });
    await fixture.report('b', text, { whole: true });
    fixture.said.length = 0;
    fixture.work.length = 0;
    return fixture;
  }

  replica(side: Side): ScriptedReplica {
    return side === 'a' ? this.a : this.b;
  }

  async connect(replica = new ScriptedReplica()): Promise<void> {
    this.b = replica;
    this.session.connected(replica);
    await this.rest();
  }

  async disconnect(reason = 'cut'): Promise<void> {
    this.session.disconnected(reason);
    await this.rest();
  }

  /** Everything that can go on without an answer or time has gone on. */
  async rest(): Promise<void> {
    for (let n = 0; n < 5; n++) await turn();
  }

  async pass(ms: number): Promise<void> {
    this.clock.pass(ms);
    await this.rest();
  }

  /** A hint of `side`, and what the scan that follows tells. */
  async finds(side: Side, text: string, more: Partial<ScanResult> = {}): Promise<void> {
    this.replica(side).hint();
    await this.rest();
    await this.report(side, text, more);
  }

  /** Answers the first scan that `side` was asked for. */
  async report(side: Side, text: string, more: Partial<ScanResult> = {}): Promise<RequestedScan> {
    const asked = this.replica(side).scans.shift();
    if (asked === undefined) throw new Error(`nobody looks at side ${side}`);
    asked.answer(scanPath(text, more));
    await this.rest();
    return asked;
  }

  async failLook(side: Side, message: string): Promise<void> {
    this.replica(side).scans.shift()!.fail(new Error(message));
    await this.rest();
  }

  /** Answers every scan that is asked for with nothing new, until none is. */
  async quiet(): Promise<void> {
    for (const side of ['a', 'b'] as const) while (this.replica(side).scans.length > 0) await this.report(side, '');
  }

  /** What `side` was asked to look at and has not answered: `everything`, or `hinted x y`. */
  asked(side: Side): string[] {
    return this.replica(side).scans.map(({ scope, paths }) => [scope, ...paths].join(' '));
  }

  /** What is being transferred to `side`. */
  transferred(side: Side): string {
    return this.replica(side)
      .jobs.map(({ changes }) => showChanges(changes))
      .join(' | ');
  }

  /** Ends the first job of `side`: each change as `outcomes` says, or done. */
  async end(side: Side, ...outcomes: Outcome[]): Promise<readonly Change[]> {
    const job: Job | undefined = this.replica(side).jobs.shift();
    if (job === undefined) throw new Error(`nothing is transferred to side ${side}`);
    for (const n of job.changes.keys()) job.report(n, outcomes[n]);
    job.outcomes.end();
    await this.rest();
    return job.changes;
  }

  /** What is known of `side`. */
  tree(side: Side): string {
    const { snapshot } = this.pair.side(side);
    return snapshot === null ? 'unknown' : showTree(treeOf(snapshot));
  }

  get archive(): string {
    return showTree(treeOf(this.pair.archive));
  }

  /** Flushes; the second says how that ended, once it has. */
  flush(): { readonly signal: AbortController; readonly outcome: () => string } {
    const signal = new AbortController();
    let outcome = 'waits';
    this.session.flush(signal.signal).then(
      () => {
        outcome = 'done';
      },
      (error: SyncError) => {
        outcome = error instanceof SyncError ? error.code : String(error);
      },
    );
    return { signal, outcome: () => outcome };
  }
}
