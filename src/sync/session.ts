// The heart of server-a: takes one event at a time and then one turn. A turn looks where looking was asked for, takes
// in what came under a lock, decides what differs, has it carried, answers those who asked, and says so when both sides
// agree. Everything slow happens elsewhere and comes back as an event.
import { SyncError } from '../core/errors.js';
import type { RelPath, Side } from '../core/path.js';
import type { HeldFiles } from '../disk/held-files.js';
import type { Logger } from '../log.js';
import { type Far, isCarried, joinFar } from './far.js';
import { Flushes, untilFlushed } from './flushes.js';
import { Holding } from './holding.js';
import type { LockBook } from './lock-book.js';
import { LockDesk } from './lock-desk.js';
import { Lookout } from './lookout.js';
import { Mailbox } from './mailbox.js';
import { Overview } from './overview.js';
import type { Pair } from './pair.js';
import { Planner } from './planner.js';
import { Recorder } from './recorder.js';
import type { Replica } from './replica.js';
import type { SessionEvent } from './session-events.js';
import { Troubles } from './troubles.js';

/** What a session works with. */
export interface SessionOptions {
  readonly pair: Pair;
  readonly local: Replica;
  readonly book: LockBook;
  readonly heldFiles: HeldFiles;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Takes one kind of event. */
type Handlers = { readonly [E in SessionEvent as E['kind']]: (event: E) => void };

/** A halted pair, or one that could not be looked at, is looked at again after this long. */
const LOOK_AGAIN_MS = 1_000;

/** One pair of roots under one roof. */
export class Session {
  readonly desk: LockDesk;
  readonly overview: Overview;
  private readonly holding: Holding;
  private readonly troubles: Troubles;
  private readonly planner: Planner;
  private readonly recorder: Recorder;
  private readonly flushes = new Flushes();
  private readonly mailbox: Mailbox<SessionEvent>;
  private readonly near: Lookout;
  private far: Far | null = null;
  private paused = false;

  constructor(private readonly options: SessionOptions) {
    const { pair, local, book, heldFiles: files, log, now } = options;
    const isBusy = (path: RelPath) => isCarried(this.far, path);
    const { post } = this;
    const handlers = this.handlers();
    const handle = (event: SessionEvent) => (handlers[event.kind] as (event: SessionEvent) => void)(event);
    this.mailbox = new Mailbox(handle, () => this.turn());
    this.near = new Lookout('a', local, post, now);
    const troubles = new Troubles(log, (path) => post({ kind: 'retry', path }));
    this.troubles = troubles;
    this.holding = new Holding({
      ...{ pair, book, files, log, now, post, isBusy },
      replica: (side) => (side === 'a' ? local : (this.far?.replica ?? null)),
      lookAgain: (path) => troubles.moved(path),
      report: (path, { code, message }) => troubles.failed(path, code, message),
    });
    const { holding } = this;
    this.planner = new Planner({ pair, book, holding, troubles, now, isBusy });
    const lookSoon = () => void setTimeout(() => this.rescan(), LOOK_AGAIN_MS).unref();
    this.recorder = new Recorder({ pair, log, troubles, planner: this.planner, far: () => this.far, lookSoon });
    this.desk = new LockDesk({
      ...{ pair, book, now },
      lookAt: (side, path) => this.lookout(side)?.ask('hinted', [path]) ?? 0,
      isLooked: (side, number) => (this.lookout(side)?.finished ?? Number.POSITIVE_INFINITY) >= number,
      isInFlight: (path) => isBusy(path) || troubles.isMovingAt(path),
      isMoving: (path) => holding.isMoving(path),
      wake: () => post({ kind: 'woken' }),
    });
    this.overview = new Overview({
      ...{ pair, troubles, recorder: this.recorder },
      far: () => this.far,
      isPaused: () => this.paused,
      isQuiet: () => this.isQuiet(),
    });
    book.onSettled = () => post({ kind: 'woken' });
    local.onHint(() => post({ kind: 'hint', side: 'a' }));
  }

  private readonly post = (event: SessionEvent): void => this.mailbox.post(event);

  /** Begins with a look at side a. */
  start(): void {
    this.options.log.event({ event: 'scan-started' });
    this.rescan();
  }

  /** Side b is there. */
  connected(replica: Replica): void {
    this.post({ kind: 'peer', replica });
  }

  /** Side b is gone. */
  disconnected(reason: string): void {
    this.post({ kind: 'peer-lost', reason });
  }

  /**
   * Resolves when every change made on either side before the call is on both.
   * @throws SyncError `timeout` once `signal` is aborted, `halted` or `failed` where nothing will move.
   */
  flush(signal: AbortSignal): Promise<void> {
    return untilFlushed(this.flushes, (flush) => this.post({ kind: 'flush', flush }), signal);
  }

  /** Looks at everything on both sides. */
  rescan(): void {
    this.post({ kind: 'rescan' });
  }

  /** Stops or resumes synchronising; looks, lists and locks go on. @returns whether that changed anything. */
  pause(paused: boolean): boolean {
    if (this.paused === paused) return false;
    this.post({ kind: 'pause', paused });
    return true;
  }

  /** A person confirms what vanished. @returns whether anything was halted. */
  async acceptDeletes(): Promise<boolean> {
    if (!this.recorder.halted) return false;
    await Promise.all([this.options.local.acceptDeletes(), this.far?.replica.acceptDeletes()]);
    this.rescan();
    return true;
  }

  /** Ends all work; what is under way is abandoned where it stands, which loses nothing. */
  stop(): void {
    this.troubles.close();
    this.mailbox.close();
    this.flushes.refuse(new SyncError('closed', 'The server is stopping.'));
  }

  private handlers(): Handlers {
    return {
      hint: ({ side }) => void this.lookout(side)?.ask('hinted'),
      looked: (event) => {
        this.lookout(event.side)?.end();
        this.recorder.looked(event);
      },
      'look-failed': (event) => {
        this.lookout(event.side)?.end();
        this.recorder.lookFailed(event);
      },
      applied: (event) => this.recorder.applied(event),
      'job-ended': (event) => this.recorder.jobEnded(event),
      stored: (event) => {
        this.recorder.owesWord = true;
        this.holding.stored(event);
      },
      'not-stored': (event) => this.holding.notStored(event),
      'drain-step': (event) => {
        this.recorder.owesWord = true;
        this.holding.stepped(event);
      },
      peer: ({ replica }) => this.peerCame(replica),
      'peer-lost': ({ reason }) => this.peerLeft(reason),
      rescan: () => {
        this.near.ask('everything');
        this.far?.lookout.ask('everything');
      },
      retry: ({ path }) => this.retry(path),
      flush: ({ flush }) => this.flushes.add(flush, this.near, this.far?.lookout ?? null),
      pause: ({ paused }) => {
        this.paused = paused;
        this.options.pair.markEverything();
      },
      woken: () => {},
    };
  }

  private peerCame(replica: Replica): void {
    const { pair, local, now, log } = this.options;
    const isPresent = () => this.far?.replica === replica;
    const far = joinFar({ pair, local, replica, post: this.post, isPresent, now });
    this.far = far;
    pair.markEverything();
    this.recorder.owesWord = true;
    log.event({ event: 'peer-connected' });
    far.lookout.ask('everything');
    this.flushes.restart(far.lookout);
    this.desk.restart();
  }

  private peerLeft(reason: string): void {
    if (this.far === null) return;
    this.far = null;
    this.options.pair.loseB();
    this.recorder.noteHalt();
    this.options.log.event({ event: 'peer-lost', reason });
  }

  private retry(path: RelPath): void {
    this.near.ask('hinted', [path]);
    this.far?.lookout.ask('hinted', [path]);
    this.troubles.due(path);
    this.holding.retry(path);
    this.options.pair.mark(path);
  }

  private turn(): void {
    this.near.start();
    this.far?.lookout.start();
    this.holding.collect();
    this.holding.drain();
    if (this.canSync && this.far !== null) this.planner.plan(this.far.carriers);
    this.desk.serve();
    if (this.isQuiet()) this.rest();
    else if (this.recorder.halted || this.paused) this.flushes.refuse(this.recorder.standstill());
  }

  private get canSync(): boolean {
    const { halted } = this.recorder;
    return this.far?.seen === true && this.options.pair.a.snapshot !== null && !halted && !this.paused;
  }

  /** Whether both sides agree, as far as anybody can know now. */
  private isQuiet(): boolean {
    const { pair, book } = this.options;
    if (!this.canSync || this.far === null || pair.hasMarks || !book.isSettled) return false;
    if (!this.near.isIdle || !this.far.lookout.isIdle || pair.a.unsettled + pair.b.unsettled > 0) return false;
    const { a, b } = this.far.carriers;
    return a.size === 0 && b.size === 0 && !this.troubles.isMoving && this.holding.isIdle;
  }

  private rest(): void {
    const { pair, log } = this.options;
    if (pair.firstContact) pair.endFirstContact();
    if (this.recorder.owesWord) {
      this.recorder.owesWord = false;
      log.event({ event: 'in-sync', files: pair.a.snapshot!.files, bytes: pair.a.snapshot!.bytes });
    }
    if (this.far !== null) this.flushes.rest(this.near, this.far.lookout);
  }

  private lookout(side: Side): Lookout | null {
    return side === 'a' ? this.near : (this.far?.lookout ?? null);
  }
}
