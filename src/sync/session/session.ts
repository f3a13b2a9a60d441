// The heart of server-a: takes one event at a time and then one turn. A turn looks where looking was asked for, takes
// in what came under a lock, decides what differs, has it carried, answers those who asked, and says so when both sides
// agree. Everything slow happens elsewhere and comes back as an event.

import { SyncError } from '../../core/errors.js';
import type { RootDescription } from '../../core/partner.js';
import type { RelPath } from '../../core/path.js';
import type { Logger } from '../../log.js';
import type { Replica } from '../../replica.js';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { Clock } from '../clock.js';
import { ClientWrites } from '../files/write-queue.js';
import type { HeldContents } from '../held/held-updates.js';
import { HeldUpdates } from '../held/held-updates.js';
import { LockService } from '../locks/lock-service.js';
import type { LockStore } from '../locks/lock-store.js';
import { Claims } from '../pair/claims.js';
import type { Pair } from '../pair/pair.js';
import { confirm } from './confirm.js';
import { type EpochEvent, Epochs } from './epochs.js';
import type { SessionEvent } from './events.js';
import { Flushes, untilFlushed } from './flushes.js';
import { handlingWith, sessionHandlers } from './handlers.js';
import { InFlight } from './in-flight.js';
import { Mailbox } from './mailbox.js';
import { outcomesOf, type PeerSide } from './peer-side.js';
import { Planner } from './planner.js';
import { ProblemRetries } from './problems.js';
import { Recorder } from './recorder.js';
import { Sides } from './sides.js';
import { PairStatus } from './status.js';

/** One pair of roots under one roof. */
export class Session {
  readonly #options: SessionOptions;

  readonly lockService: LockService;
  readonly writes: ClientWrites;
  readonly status: PairStatus;
  readonly #mailbox: Mailbox<SessionEvent>;
  readonly #sides: Sides;
  readonly #inFlight: InFlight;
  readonly #claims = new Claims();
  readonly #flushes = new Flushes();
  readonly #retries: ProblemRetries;
  readonly #heldUpdates: HeldUpdates;
  readonly #planner: Planner;
  readonly #recorder: Recorder;
  readonly #epochs: Epochs;
  #paused = false;

  constructor(options: SessionOptions) {
    this.#options = options;

    const { pair, local, lockStore, heldFiles: files, log, clock } = options;
    const claims = this.#claims;
    const mailbox = new Mailbox<SessionEvent>(
      (event) => handle(event),
      this.#turn,
      clock,
      (error) => log.warn(`An event could not be handled: ${(error as Error).message}`),
    );
    const inFlight = new InFlight(claims, pair);
    const sides = new Sides({ pair, local, inFlight, claims, clock, mailbox });
    const retry = (path: RelPath) => mailbox.post({ kind: 'retry', path });
    const retries = new ProblemRetries(log, retry, clock, (path) => this.#heldUpdates.retry(path));
    const common = { pair, lockStore, log, clock, claims, sides, mailbox, retries };
    const heldUpdates = new HeldUpdates({ ...common, files });
    const planner = new Planner({ ...common, heldUpdates });
    const recorder = new Recorder({ ...common, planner, inFlight });
    this.#mailbox = mailbox;
    this.#inFlight = inFlight;
    this.#sides = sides;
    this.#retries = retries;
    this.#heldUpdates = heldUpdates;
    this.#planner = planner;
    this.#recorder = recorder;
    this.#epochs = new Epochs(pair, clock, mailbox);
    this.lockService = new LockService({ ...common, heldUpdates });
    this.writes = new ClientWrites({ ...common, heldUpdates, recorder });
    this.status = new PairStatus({ ...common, recorder, session: this });
    const { writes } = this;
    const flushes = this.#flushes;
    const handle = handlingWith(
      sessionHandlers({ inFlight, sides, retries, heldUpdates, recorder, writes, flushes }, this),
    );
    lockStore.onSettled = () => mailbox.wake();
  }

  /** Begins with a look at side a. */
  start(): void {
    this.#recorder.noteHalt();
    this.#options.log.event({ event: 'scan-started' });
    this.rescan();
  }

  /** Side b is there. */
  connected(replica: Replica): void {
    this.#mailbox.post({ kind: 'peer', replica });
  }

  /** Side b is gone. */
  disconnected(reason: string): void {
    this.#mailbox.post({ kind: 'peer-lost', reason });
  }

  /**
   * Resolves when every change made on either side before the call is on both.
   * @throws SyncError `timeout` once `signal` is aborted, `halted` or `failed` where nothing will move.
   */
  flush(signal: AbortSignal): Promise<void> {
    return untilFlushed(this.#flushes, (flush) => this.#mailbox.post({ kind: 'flush', flush }), signal);
  }

  /** Looks at everything on both sides. */
  rescan(): void {
    this.#mailbox.post({ kind: 'rescan' });
  }

  /** Stops or resumes synchronising; looks, lists and locks go on. @returns whether that changed anything. */
  pause(paused: boolean): boolean {
    if (this.#paused === paused) return false;
    this.#mailbox.post({ kind: 'pause', paused });
    return true;
  }

  /** A person confirms a halt. @returns whether that ended it; a root that is gone stays gone. */
  confirm(what: Confirmation): Promise<boolean> {
    const { pair, acceptLostLocks } = this.#options;
    const sides = this.#sides;
    const recorder = this.#recorder;
    const mailbox = this.#mailbox;
    return confirm({ pair, sides, recorder, mailbox, acceptLostLocks }, what);
  }

  /** Why the pair is halted; null where it is not. */
  get halt(): SyncError | null {
    return this.#recorder.halt;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Ends all work. What is being carried may end for a moment, so that its outcome is known and recorded; what takes
   * longer is abandoned where it stands, which loses nothing.
   */
  async stop(): Promise<void> {
    this.#paused = true;
    const stopping = new SyncError('closed', 'The server is stopping.');
    this.#flushes.refuse(stopping);
    this.writes.close(stopping);
    await outcomesOf(this.#sides.peer, this.#options.clock);
    this.#retries.close();
    this.#mailbox.close();
  }

  /** For the mailbox: side b has come. */
  peerCame(replica: Replica): void {
    const { pair, own, log } = this.#options;
    if (replica.introduction !== undefined) pair.meet(own, replica.introduction);
    const peer = this.#sides.join(replica);
    pair.markEverything();
    this.#recorder.owesWord = true;
    log.event({ event: 'peer-connected' });
    this.#flushes.restart(peer.scanQueue);
    for (const waiting of [this.lockService, this.writes]) waiting.restart();
  }

  /** For the mailbox: side b has gone. */
  peerLeft(reason: string): void {
    if (this.#sides.peer === null) return;
    this.#sides.leave();
    this.#options.pair.loseB();
    this.#recorder.noteHalt();
    this.#options.log.event({ event: 'peer-lost', reason });
  }

  /** For the mailbox: the time to try `path` again has come. */
  retry(path: RelPath): void {
    this.#sides.rescan(path);
    this.#retries.due(path);
    this.#heldUpdates.retry(path);
    this.#options.pair.mark(path, true);
  }

  /** For the mailbox: synchronising is to stop, or to go on. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#options.pair.markEverything();
  }

  /** For the mailbox: side b has remembered how far both sides are in step. */
  acknowledged(event: EpochEvent): void {
    this.#epochs.acknowledged(event, this.#sides.peer?.replica === event.replica);
  }

  readonly #turn = (): void => {
    const { peer } = this.#sides;
    this.#sides.startScans();
    this.#heldUpdates.work(this.#mayTouch);
    this.writes.serve();
    if (this.#canSync && peer !== null) this.#sync(peer);
    this.lockService.serve();
    const { isQuiet } = this;
    if (this.#canSync && peer !== null) this.#epochs.serve(peer.replica, isQuiet, !this.#flushes.isIdle);
    if (isQuiet) this.#rest();
    else if (this.#recorder.halted || this.#paused) this.#flushes.refuse(this.#recorder.standstill());
  };

  #sync(peer: PeerSide): void {
    if (!peer.isPaired) this.#options.paired?.(peer.replica);
    peer.isPaired = true;
    this.#planner.plan(peer.queues);
  }

  /** Whether files may be touched, as far as that is known. */
  get #mayTouch(): boolean {
    return !this.#recorder.halted && !this.#paused && !this.#options.pair.safety.blocks;
  }

  get #canSync(): boolean {
    return this.#sides.peer?.seen === true && this.#options.pair.a.snapshot !== null && this.#mayTouch;
  }

  /** Whether both sides agree, as far as anybody can know now. */
  get isQuiet(): boolean {
    const { pair, lockStore } = this.#options;
    if (!this.#canSync || !lockStore.isSettled || this.#claims.count('disconnected-peer') > 0) return false;
    if (pair.hasMarks || pair.postponed.size > 0) return false;
    if (!this.#sides.isIdle || pair.a.unsettled + pair.b.unsettled > 0) return false;
    return !this.#retries.isMoving && this.#heldUpdates.isIdle && this.writes.isIdle && this.#inFlight.isIdle;
  }

  #rest(): void {
    const { pair, log } = this.#options;
    if (pair.firstContact) pair.endFirstContact();
    if (this.#recorder.owesWord) {
      this.#recorder.owesWord = false;
      log.event({ event: 'in-sync', files: pair.a.snapshot!.files, bytes: pair.a.snapshot!.bytes });
      pair.flush();
    }
    const { localScans, peer } = this.#sides;
    if (peer !== null && this.#epochs.isTold(peer.replica)) this.#flushes.rest(localScans, peer.scanQueue);
  }
}

/** What a session works with. */
interface SessionOptions {
  readonly pair: Pair;
  /** How side a is known to side b. */
  readonly own: RootDescription;
  readonly local: Replica;
  readonly lockStore: LockStore;
  readonly heldFiles: HeldContents;
  readonly log: Logger;
  readonly clock: Clock;
  /** A person has looked at which locks may be lost. @throws SyncError where that cannot be noted. */
  readonly acceptLostLocks?: () => Promise<void>;
  /** Called once side b is found to be the one that is meant: from then on its files may be touched. */
  readonly paired?: (replica: Replica) => void;
}
