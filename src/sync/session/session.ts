// The session decides what server-a does. It takes events from one mailbox, one at a time, and then takes one turn.
// Slow work (scans, transfers, writes) runs elsewhere and comes back as an event, so no state changes while a decision
// is made.
//
//   turn:
//     start the scans that were requested
//     fetch the updates that arrived under a lock; take the next step of each unlock that is under way
//     begin the client writes whose paths are free
//     if both sides are known and no halt is in force: reconcile the marked paths, queue the changes
//     decide the lock requests whose paths are known and settled
//     say syncing where work has begun
//     if nothing is left to do: log in-sync, complete the flushes

import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import type { Replica } from '../../replica.js';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';
import { oncePer } from '../clock.js';
import { ClientWrites } from '../files/write-queue.js';
import { HeldUpdates } from '../held/held-updates.js';
import { LockService } from '../locks/lock-service.js';
import type { Pause } from '../locks/lock-store.js';
import { Claims } from '../pair/claims.js';
import { confirm } from './confirm.js';
import { type EpochEvent, Epochs } from './epochs.js';
import type { SessionEvent } from './events.js';
import { Flushes, untilFlushed } from './flushes.js';
import { Gate } from './gate.js';
import { handlingWith, sessionHandlers } from './handlers.js';
import { InFlight } from './in-flight.js';
import { Mailbox } from './mailbox.js';
import type { SessionOptions } from './options.js';
import { type PauseRequest, Pausing } from './pausing.js';
import { outcomesOf, type PeerSide } from './peer-side.js';
import { Planner } from './planner.js';
import { previewOf } from './preview.js';
import { ProblemRetries } from './problems.js';
import { Recorder } from './recorder.js';
import { Sides } from './sides.js';
import { PairStatus } from './status.js';
import { WaitingChanges } from './waiting.js';
import { Work } from './work.js';
import { WorkReports } from './work-reports.js';

/** Synchronises one pair of roots. */
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
  readonly #gate: Gate;
  readonly #pausing: Pausing;
  readonly #waiting: WaitingChanges;
  readonly #work = new Work();
  readonly #reports: WorkReports;
  #isStopping = false;

  constructor(options: SessionOptions) {
    this.#options = options;

    const { pair, local, lockState, heldFiles: files, log, clock } = options;
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
    const common = { pair, lockState, log, clock, claims, sides, mailbox, retries };
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
    this.#gate = new Gate(options.gate ?? null, () => {
      pair.meta.put('agreed', true);
      mailbox.wake();
    });
    this.#pausing = new Pausing(common);
    this.#waiting = new WaitingChanges(pair, planner);
    this.lockService = new LockService({ ...common, heldUpdates, autoLock: options.autoLock });
    this.writes = new ClientWrites({ ...common, heldUpdates, recorder, gate: this.#gate });
    const [work, waiting] = [this.#work, this.#waiting];
    this.#reports = new WorkReports({ ...common, recorder, work, waiting });
    this.status = new PairStatus({ ...common, planner, recorder, heldUpdates, work, waiting, session: this });
    const { writes } = this;
    const locks = this.lockService.automatic;
    const flushes = this.#flushes;
    const handle = handlingWith(
      sessionHandlers({ inFlight, sides, retries, heldUpdates, recorder, writes, flushes, locks }, this),
    );
    lockState.mailbox = mailbox;
    lockState.retryIn = oncePer(clock, () => lockState.retry());
    pair.lockTable = lockState.table;
  }

  /** Starts with a scan of side a. */
  start(): void {
    this.#recorder.noteHalt();
    this.#pausing.start();
    this.#options.log.event({ event: 'scan-started' });
    this.rescan();
  }

  /** Side b has connected. */
  connected(replica: Replica): void {
    this.#mailbox.post({ kind: 'peer', replica });
  }

  /** Side b has disconnected. @param reason what is logged. */
  disconnected(reason: string): void {
    this.#mailbox.post({ kind: 'peer-lost', reason });
  }

  /**
   * Resolves when every change made on either side before the call is on both.
   * @throws SyncError `timeout` once `signal` is aborted; `halted` or `failed` (paused) where nothing will be
   *   synchronised.
   */
  flush(signal: AbortSignal): Promise<void> {
    return untilFlushed(this.#flushes, (flush) => this.#mailbox.post({ kind: 'flush', flush }), signal);
  }

  /** Scans everything on both sides. */
  rescan(): void {
    this.#mailbox.post({ kind: 'rescan' });
  }

  /**
   * Pauses synchronisation, or resumes it: nothing is transferred until then, also after a restart. Scans, listings and
   * locks go on.
   * @param by who asks for it.
   * @returns whether that changed anything, once it is on disk.
   * @throws SyncError `failed` where it cannot be written: then it is in force until the server ends.
   */
  pause(paused: boolean, by = 'unknown'): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const done = (changed: boolean, error: SyncError | null) => (error === null ? resolve(changed) : reject(error));
      this.#mailbox.post({ kind: 'pause', request: { paused, by, done } });
    });
  }

  /**
   * Confirms a halt, as a person asked.
   * @param by who asks for it.
   * @returns whether the halt has ended; a missing or replaced root cannot be confirmed.
   */
  confirm(what: Confirmation, by = 'unknown'): Promise<boolean> {
    const { pair, acceptLostLocks } = this.#options;
    const sides = this.#sides;
    const recorder = this.#recorder;
    const mailbox = this.#mailbox;
    return confirm({ pair, sides, recorder, mailbox, acceptLostLocks }, what, by);
  }

  /**
   * What would be transferred now, and why; also while the pair is paused or halted.
   * @throws SyncError `busy` until both sides have been scanned.
   */
  preview(): PlanPreview {
    const { pair, lockState } = this.#options;
    return previewOf({ pair, lockState, sides: this.#sides, planner: this.#planner });
  }

  /** The reason for the halt; null where the pair is not halted. */
  get halt(): SyncError | null {
    return this.#recorder.halt;
  }

  get isPaused(): boolean {
    return this.paused !== null || this.#gate.isAsked;
  }

  /** Who has paused the pair, and since when; null where nobody has. */
  get paused(): Pause | null {
    return this.#pausing.present;
  }

  /**
   * Ends all work. Transfers get two seconds to finish, so that their outcomes are recorded. Longer ones are abandoned,
   * which loses nothing: the next scan finds what is left.
   */
  async stop(): Promise<void> {
    this.#reports.interrupted();
    this.#isStopping = true;
    const stopping = new SyncError('closed', 'The server is stopping.');
    this.#flushes.refuse(stopping);
    this.writes.close(stopping);
    await outcomesOf(this.#sides.peer, this.#options.clock);
    this.#retries.close();
    this.#mailbox.close();
  }

  /** Handles `peer`: side b has connected. */
  peerCame(replica: Replica): void {
    const { pair, own, log } = this.#options;
    if (replica.introduction !== undefined) pair.meet(own, replica.introduction);
    const peer = this.#sides.join(replica);
    pair.markEverything();
    this.#recorder.owesInSync = true;
    log.event({ event: 'peer-connected' });
    this.#flushes.restart(peer.scanQueue);
    for (const waiting of [this.lockService, this.writes]) waiting.restart();
  }

  /** Handles `peer-lost`. */
  peerLeft(reason: string): void {
    const { peer } = this.#sides;
    if (peer === null) return;
    this.#work.interrupt();
    this.#sides.leave();
    this.lockService.automatic.left();
    this.#options.pair.loseB();
    this.#recorder.noteHalt();
    this.#options.log.event({ event: 'peer-lost', reason: peer.givenUpFor ?? reason });
  }

  /** Handles `retry`: `path` is due for another attempt. */
  retry(path: RelPath): void {
    this.#sides.rescan(path);
    this.#retries.due(path);
    this.#heldUpdates.retry(path);
    this.#options.pair.mark(path, true);
  }

  /** Handles `pause`. */
  setPaused(request: PauseRequest): void {
    if (!this.#pausing.set(request)) return;
    this.#options.pair.markEverything();
    this.#recorder.owesInSync = true;
    if (!request.paused) return;
    this.#work.interrupt();
    for (const queue of Object.values(this.#sides.peer?.queues ?? {})) queue.interrupt();
  }

  /** Handles `acknowledged`: side b has stored an epoch, or could not. */
  acknowledged(event: EpochEvent): void {
    this.#epochs.acknowledged(event, this.#sides.peer?.replica === event.replica);
  }

  readonly #turn = (): void => {
    const { peer } = this.#sides;
    this.#sides.startScans();
    this.#heldUpdates.work(this.#mayTouch);
    this.writes.serve();
    if (this.canSync && peer !== null) this.#sync(peer);
    else if (this.#isAtGate) this.#gate.ask(() => this.preview());
    this.lockService.serve();
    const { isQuiet } = this;
    if (this.canSync && peer !== null) this.#epochs.serve(peer.replica, isQuiet, !this.#flushes.isIdle);
    if (this.canSync) this.#reports.note(() => this.status.left(), { isQuiet, isInSync: this.isInSync });
    else this.#reports.interrupted();
    if (isQuiet) this.#rest();
    else if (!this.#flushes.isIdle && (this.#recorder.halted || this.isPaused || this.#isStopping))
      this.#flushes.refuse(
        this.#recorder.halt ?? this.#gate.refusal(this.#options.pair) ?? this.#recorder.whyStopped(),
      );
  };

  #sync(peer: PeerSide): void {
    if (!peer.isPaired) this.#options.paired?.(peer.replica);
    peer.isPaired = true;
    this.#planner.plan(peer.queues);
  }

  /** Whether files may be written, as far as is known now. */
  get #mayTouch(): boolean {
    return this.#isInForce && !this.#gate.mustWait(this.#options.pair);
  }

  /** Whether the pair is neither halted nor paused, nor about to be. */
  get #isInForce(): boolean {
    const isHeldUp = this.paused !== null || this.#isStopping;
    return !this.#recorder.halted && !isHeldUp && !this.#options.pair.safety.blocks;
  }

  /** Whether a plan is known, and only the answer of a person is missing. */
  get #isAtGate(): boolean {
    const { pair } = this.#options;
    const isJudged = this.#recorder.halted || !pair.safety.blocks;
    const mayAsk = this.#gate.asksAlways ? isJudged : this.#isInForce;
    return this.#areScanned && mayAsk && this.#gate.mustWait(pair);
  }

  get #areScanned(): boolean {
    return this.#sides.peer?.seen === true && this.#options.pair.a.snapshot !== null;
  }

  /** Whether changes are transferred: both sides are known, and the pair is neither halted nor paused. */
  get canSync(): boolean {
    return this.#areScanned && this.#mayTouch;
  }

  /** Whether both sides agree and nothing is under way, as far as is known now. */
  get isQuiet(): boolean {
    return this.#sides.isIdle && this.#isSettled;
  }

  /** As `isQuiet`, also while a scan runs that is due from time to time: as far as is known, it finds nothing. */
  get isInSync(): boolean {
    return this.#sides.areQueuesEmpty && !this.#sides.expectChanges && this.#isSettled;
  }

  get #isSettled(): boolean {
    const { pair, lockState } = this.#options;
    if (!this.canSync || !lockState.isSettled || this.#claims.count('disconnected-peer') > 0) return false;
    if (this.#pausing.isStoring) return false; // what follows from it is said after it
    if (pair.hasMarks || pair.postponed.size > 0 || pair.a.unsettled + pair.b.unsettled > 0) return false;
    return !this.#retries.isMoving && this.#heldUpdates.isIdle && this.writes.isIdle && this.#inFlight.isIdle;
  }

  #rest(): void {
    const { pair, log } = this.#options;
    if (pair.firstContact) pair.endFirstContact();
    this.#work.end();
    this.#sides.arrived.clear();
    if (this.#recorder.owesInSync) {
      this.#recorder.owesInSync = false;
      log.event({ event: 'in-sync', files: pair.a.snapshot!.files, bytes: pair.a.snapshot!.bytes });
      pair.flush();
    }
    const { localScans, peer } = this.#sides;
    if (peer !== null && this.#epochs.isStored(peer.replica)) this.#flushes.rest(localScans, peer.scanQueue);
  }
}
