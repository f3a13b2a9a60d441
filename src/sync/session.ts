// The heart of server-a: takes one event at a time and then one turn. A turn looks where looking was asked for, takes
// in what came under a lock, decides what differs, has it carried, answers those who asked, and says so when both sides
// agree. Everything slow happens elsewhere and comes back as an event.
import { SyncError } from '../core/errors.js';
import type { RelPath, Side } from '../core/path.js';
import type { Confirmation } from '../wire/messages.js';
import { Claims, MAY_CHANGE } from './claims.js';
import { ClientWrites } from './client-writes.js';
import { oncePer } from './clock.js';
import { confirm } from './confirming.js';
import { Epochs } from './epochs.js';
import { type Far, isFarIdle, joinFar, outcomesOf } from './far.js';
import { Flushes, untilFlushed } from './flushes.js';
import { Hands } from './hands.js';
import { Holding } from './holding.js';
import { LockDesk } from './lock-desk.js';
import { glances, Lookout, startLooking } from './lookout.js';
import { Mailbox } from './mailbox.js';
import { Overview } from './overview.js';
import { Planner } from './planner.js';
import { Recorder } from './recorder.js';
import type { Replica } from './replica.js';
import type { SessionEvent, SessionHandlers } from './session-events.js';
import { handlingWith, sessionHandlers } from './session-handlers.js';
import type { SessionOptions } from './session-options.js';
import { Troubles } from './troubles.js';

/** A halted pair, or one that could not be looked at, is looked at again after this long. */
const LOOK_AGAIN_MS = 1_000;

/** One pair of roots under one roof. */
export class Session {
  readonly desk: LockDesk;
  readonly writes: ClientWrites;
  readonly overview: Overview;
  private readonly holding: Holding;
  private readonly troubles: Troubles;
  private readonly planner: Planner;
  private readonly recorder: Recorder;
  private readonly flushes = new Flushes();
  private readonly mailbox: Mailbox<SessionEvent>;
  private readonly near: Lookout;
  private far: Far | null = null;
  private readonly claims = new Claims();
  private readonly hands: Hands;
  private readonly epochs: Epochs;
  private paused = false;

  constructor(private readonly options: SessionOptions) {
    const { pair, local, book, heldFiles: files, log, clock } = options;
    const { claims } = this;
    this.hands = new Hands(claims, pair);
    const now = () => clock.now();
    const replica = (side: Side) => (side === 'a' ? local : (this.far?.replica ?? null));
    const trusted = (side: Side) => (pair.safety.trusts(side) ? replica(side) : null);
    const { post } = this;
    const handle = handlingWith(this.handlers());
    const onFault = (error: unknown) => log.warn(`An event could not be handled: ${(error as Error).message}`);
    this.mailbox = new Mailbox(handle, () => this.turn(), clock, onFault);
    this.epochs = new Epochs(pair, clock, post);
    this.near = new Lookout('a', local, post, now, () => this.hands.lookBegins('a'));
    const wake = () => post({ kind: 'woken' });
    const retry = (path: RelPath) => post({ kind: 'retry', path });
    const troubles = new Troubles(log, retry, clock, (path) => this.holding.retry(path));
    this.troubles = troubles;
    this.holding = new Holding({
      ...{ pair, book, files, log, now, post, claims, replica: trusted, wake },
      lookAgain: (path) => troubles.moved(path),
      report: (path, { code, message }) => troubles.failed(path, code, message),
    });
    const { holding } = this;
    this.planner = new Planner({ pair, book, holding, troubles, now, claims });
    const lookSoon = oncePer(clock, LOOK_AGAIN_MS, () => this.rescan());
    const { planner, hands } = this;
    this.recorder = new Recorder({ pair, log, troubles, planner, hands, far: () => this.far, lookSoon, now });
    const looking = { ...glances((side) => this.lookout(side)), isMoving: (path: RelPath) => holding.isMoving(path) };
    this.desk = new LockDesk({
      ...{ pair, book, now, ...looking },
      isMoving: (path) =>
        holding.isMoving(path) || holding.isDue(path) || claims.heldBy(path, ['unconfirmed']) !== null,
      isInFlight: (path) => claims.heldBy(path, MAY_CHANGE) !== null || troubles.isMovingAt(path),
      wake,
      after: (ms, act) => clock.after(ms, act),
    });
    this.writes = new ClientWrites({
      ...{ pair, book, log, clock, replica: trusted, post, ...looking },
      claims,
      standstill: () => this.halt,
    });
    this.overview = new Overview({
      ...{ pair, troubles, recorder: this.recorder, far: () => this.far },
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

  /** A person confirms a halt. @returns whether that ended it; a root that is gone stays gone. */
  confirm(what: Confirmation): Promise<boolean> {
    const { pair, local } = this.options;
    const { recorder, near, far } = this;
    return confirm({ pair, local, recorder, near, far, wake: () => this.post({ kind: 'woken' }) }, what);
  }

  /** Why the pair is halted; null where it is not. */
  get halt(): SyncError | null {
    return this.recorder.halted ? this.recorder.standstill() : null;
  }

  /**
   * Ends all work. What is being carried may end for a moment, so that its outcome is known and recorded; what takes
   * longer is abandoned where it stands, which loses nothing.
   */
  async stop(): Promise<void> {
    this.paused = true;
    const stopping = new SyncError('closed', 'The server is stopping.');
    this.flushes.refuse(stopping);
    this.writes.close(stopping);
    await outcomesOf(this.far, this.options.clock);
    this.troubles.close();
    this.mailbox.close();
  }

  private handlers(): SessionHandlers {
    const { hands, flushes } = this;
    return sessionHandlers({
      ...{ hands, flushes },
      recorder: () => this.recorder,
      holding: () => this.holding,
      writes: () => this.writes,
      lookout: (side) => this.lookout(side),
      peerCame: (replica) => this.peerCame(replica),
      peerLeft: (reason) => this.peerLeft(reason),
      retry: (path) => this.retry(path),
      acknowledged: (event) => this.epochs.acknowledged(event, this.far?.replica === event.replica),
      pause: (paused) => {
        this.paused = paused;
        this.options.pair.markEverything();
      },
    });
  }

  private peerCame(replica: Replica): void {
    const { pair, own, local, clock, log } = this.options;
    const isPresent = () => this.far?.replica === replica;
    const { post, hands } = this;
    if (replica.introduction !== undefined) pair.meet(own, replica.introduction);
    const far = joinFar({ pair, local, replica, post, isPresent, hands, claims: this.claims, now: () => clock.now() });
    this.far = far;
    pair.markEverything();
    this.recorder.owesWord = true;
    log.event({ event: 'peer-connected' });
    far.lookout.ask('everything');
    this.flushes.restart(far.lookout);
    for (const waiting of [this.desk, this.writes]) waiting.restart();
  }

  private peerLeft(reason: string): void {
    if (this.far === null) return;
    this.far.lookout.abandon();
    this.hands.forget('b');
    for (const carrier of Object.values(this.far.carriers)) carrier.disconnect();
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
    this.options.pair.mark(path, true);
  }

  private turn(): void {
    startLooking(this.near, this.hands.takeDue('a'));
    if (this.far !== null) startLooking(this.far.lookout, this.hands.takeDue('b'));
    this.holding.work(this.mayTouch);
    this.writes.serve();
    if (this.canSync && this.far !== null) this.sync(this.far);
    this.desk.serve();
    const isQuiet = this.isQuiet();
    if (this.canSync && this.far !== null) this.epochs.serve(this.far.replica, isQuiet, !this.flushes.isIdle);
    if (isQuiet) this.rest();
    else if (this.recorder.halted || this.paused) this.flushes.refuse(this.recorder.standstill());
  }

  private sync(far: Far): void {
    if (!far.isPaired) this.options.paired?.(far.replica);
    far.isPaired = true;
    this.planner.plan(far.carriers);
  }

  /** Whether files may be touched, as far as that is known. */
  private get mayTouch(): boolean {
    return !this.recorder.halted && !this.paused && !this.options.pair.safety.blocks;
  }

  private get canSync(): boolean {
    return this.far?.seen === true && this.options.pair.a.snapshot !== null && this.mayTouch;
  }

  /** Whether both sides agree, as far as anybody can know now. */
  private isQuiet(): boolean {
    const { pair, book } = this.options;
    if (!this.canSync || this.far === null || !book.isSettled || this.claims.count('disconnected-peer') > 0)
      return false;
    if (pair.hasMarks || pair.postponed.size > 0) return false;
    if (!this.near.isIdle || !isFarIdle(this.far) || pair.a.unsettled + pair.b.unsettled > 0) return false;
    return !this.troubles.isMoving && this.holding.isIdle && this.writes.isIdle && this.hands.isIdle;
  }

  private rest(): void {
    const { pair, log } = this.options;
    if (pair.firstContact) pair.endFirstContact();
    if (this.recorder.owesWord) {
      this.recorder.owesWord = false;
      log.event({ event: 'in-sync', files: pair.a.snapshot!.files, bytes: pair.a.snapshot!.bytes });
      pair.flush();
    }
    if (this.far !== null && this.epochs.isTold(this.far.replica)) this.flushes.rest(this.near, this.far.lookout);
  }

  private lookout(side: Side): Lookout | null {
    return side === 'a' ? this.near : (this.far?.lookout ?? null);
  }
}
