// What looks and carriers report is recorded here, as it happened and after it happened: in the pair, in the troubles,
// and in words.

import type { Change } from '../../core/change.js';
import { pathsOf } from '../../core/change.js';
import { sizeOf } from '../../core/entry.js';
import { type HaltCode, SyncError } from '../../core/errors.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Logger } from '../../log.js';
import { MAX_SIDE_BYTES } from '../../wire/frame/limits.js';
import { sideTooLarge } from '../../wire/peer-api/scan-report.js';
import { type Clock, oncePer } from '../clock.js';
import type { Pair } from '../pair/pair.js';
import { canConfirm } from './confirm.js';
import type { InFlight } from './in-flight.js';
import type { Planner } from './planner.js';
import type { ProblemRetries } from './problems.js';
import type { ScanEvent } from './scan-queue.js';
import type { Sides } from './sides.js';
import type { TransferEvent } from './transfer-queue.js';

/** A halted pair, or one that could not be scanned, is scanned again after this long. */
const RESCAN_AFTER_FAILURE_MS = 1_000;

/** What recording needs of its session. */
interface RecorderContext {
  readonly pair: Pair;
  readonly log: Logger;
  readonly retries: ProblemRetries;
  readonly planner: Planner;
  readonly inFlight: InFlight;
  readonly sides: Sides;
  readonly clock: Clock;
  readonly mailbox: { post(event: { readonly kind: 'rescan' }): void };
}

/** Records what happened. */
export class Recorder {
  readonly #context: RecorderContext;

  /** Whether no file may be touched until a person looked or the root is back. */
  halted = false;
  /** Whether something happened since both sides were last said to agree. */
  owesWord = false;
  #lastFailure = '';
  #haltedBy: HaltCode | null = null;

  /** Everything is scanned again before long. */
  readonly #scanSoon: () => void;

  constructor(context: RecorderContext) {
    this.#context = context;

    const { clock, mailbox } = context;
    this.#scanSoon = oncePer(clock, RESCAN_AFTER_FAILURE_MS, () => mailbox.post({ kind: 'rescan' }));
  }

  scanned({ side, scan, paths, ms }: ScanEvent & { kind: 'scanned' }): void {
    const { pair, log, retries, inFlight } = this.#context;
    const { peer } = this.#context.sides;
    if (!scan.whole && scan.halt === null && pair.side(side).snapshot === null) {
      // Differences from nothing would make everything else seem deleted.
      this.scanFailed({ kind: 'scan-failed', side, error: new Error('it told differences before it told all') });
      return;
    }
    inFlight.scanEnds(side, paths, scan.unknown);
    if (scan.whole) inFlight.toldAll(side);
    const entries = scan.whole ? scan.entries : inFlight.believed(side, scan.entries);
    for (const { path, entry } of entries) {
      if (entry?.type === 'dir' || pair.entry(side, path)?.type !== 'dir') continue;
      this.#recallBelow('a', path);
      this.#recallBelow('b', path);
    }
    pair.foldScan(side, { ...scan, entries }, this.#context.clock.now());
    // Each look is bounded; what many of them add up to is bounded here.
    if (side === 'b' && (pair.b.snapshot?.weight ?? 0) > MAX_SIDE_BYTES) {
      this.scanFailed({ kind: 'scan-failed', side, error: sideTooLarge() });
      return;
    }
    for (const { path } of scan.entries) {
      for (const freed of peer?.queues.a.recall(path) ?? []) pair.mark(freed);
      for (const freed of peer?.queues.b.recall(path) ?? []) pair.mark(freed);
    }
    if (scan.halt === null && scan.whole) {
      const { files, bytes } = pair.side(side).snapshot!;
      log.event({ event: 'scan-finished', files, bytes, ms });
    }
    if (side === 'b' && peer !== null && scan.halt === null) peer.seen = true;
    retries.noteScans([...pair.a.problems, ...pair.b.problems]);
    this.noteHalt();
    // What was in doubt may be known now.
    pair.resumeMarks();
  }

  scanFailed({ side, error }: ScanEvent & { kind: 'scan-failed' }): void {
    const message = `A look at side ${side} failed: ${(error as Error).message}`;
    if (message !== this.#lastFailure) this.#context.log.warn(message);
    this.#lastFailure = message;
    this.#context.inFlight.scanFailed(side);
    const { peer } = this.#context.sides;
    if (side === 'a') this.#scanSoon();
    else if (peer !== null) {
      // What a lost look would have told is told by nobody else: a new connection tells everything. Until this one is
      // known to be over, whatever is sent over it fails at once, and would be planned again at once.
      peer.seen = false;
      void peer.replica.close();
    }
  }

  /** Halts or resumes, as the last looks say. */
  noteHalt(): void {
    const { pair, log } = this.#context;
    const halt = pair.halts[0] ?? null;
    // The reason may change while the pair is halted: what is to be done about it changes with it.
    if (halt !== null && halt.code !== this.#haltedBy)
      log.event({ event: 'halted', code: halt.code, message: halt.message });
    this.#haltedBy = halt?.code ?? null;
    if (halt === null && this.halted) {
      log.event({ event: 'resumed' });
      pair.markEverything();
      this.owesWord = true;
    }
    this.halted = halt !== null;
    if (this.halted || pair.safety.isSettling) this.#scanSoon();
  }

  /** Why the pair is halted; null where it is not. */
  get halt(): SyncError | null {
    return this.halted ? this.standstill() : null;
  }

  /** Why nothing moves, for who waits for it. */
  standstill(): SyncError {
    const { pair } = this.#context;
    if (!this.halted) return new SyncError('failed', 'The pair is paused.', { hint: 'Go on with: client resume' });
    const message = pair.halts[0]?.message ?? 'The pair is halted for safety.';
    const hint = canConfirm(pair) ? 'See: client status' : 'No command ends this halt: see client status';
    return new SyncError('halted', message, { hint });
  }

  applied({ side, change, outcome, ms }: TransferEvent & { kind: 'applied' }): void {
    const { pair, retries } = this.#context;
    const { path, from } = change;
    if (outcome.kind === 'done') {
      pair.foldDone(side, change);
      if (retries.gone(path)) pair.mark(path, true);
      if (from !== undefined) retries.gone(from.path);
      if (change.conflictCopy !== undefined) this.#context.inFlight.markDirty(side, change.conflictCopy);
      this.#say(side, change, outcome.sent, ms);
      return;
    }
    this.#context.planner.takeConflict(change);
    if (outcome.kind === 'problem') {
      retries.failed(path, outcome.code, outcome.message);
      // Both ends of a move are tried again: the one without the other would be forgotten.
      if (from !== undefined) retries.failed(from.path, outcome.code, outcome.message);
      if (change.after?.type === 'dir') this.#giveUpBelow(side, path);
    } else if (outcome.kind === 'kept') {
      pair.agree(path, null);
      pair.mark(path);
    } else {
      this.#tryAgain(pathsOf(change));
    }
  }

  /** Below a directory that could not be made nothing is in motion: it all comes when the directory does. */
  #tryAgain(paths: Iterable<RelPath>): void {
    const { retries } = this.#context;
    for (const path of paths) if (!retries.hasProblemAbove(path)) retries.moved(path);
  }

  /** What waits for a directory that could not be made is not planned at once: the directory would be tried at once, too. */
  #giveUpBelow(side: Side, directory: RelPath): void {
    this.#tryAgain(this.#context.sides.peer?.queues[side].recallBelow(directory) ?? []);
  }

  /** What was to be moved there from elsewhere stays where it is, and is compared anew. */
  #recallBelow(side: Side, directory: RelPath): void {
    const { pair, sides } = this.#context;
    for (const freed of sides.peer?.queues[side].recallBelow(directory) ?? []) pair.mark(freed);
  }

  #say(side: Side, change: Change, sent: number, ms: number): void {
    const { log, planner } = this.#context;
    const { path, action, after, from } = change;
    this.owesWord = true;
    const was = from === undefined ? {} : { was: from.path };
    log.event({
      event: 'synced',
      path,
      action,
      from: otherSide(side),
      to: side,
      bytes: sizeOf(after),
      sent,
      ms,
      ...was,
    });
    const conflict = planner.takeConflict(change);
    if (conflict !== null) log.event({ event: 'conflict', ...conflict });
  }

  /** What a lost job left is looked at and planned again. */
  jobEnded({ side, left, error }: TransferEvent & { kind: 'job-ended' }): void {
    if (error !== null) this.#context.log.detail(`Work was interrupted: ${(error as Error).message}`);
    for (const change of left) for (const path of pathsOf(change)) this.#context.retries.moved(path);
    if (side === 'b') for (const change of left) this.#context.pair.lostOutcomes.note(change);
    this.#context.pair.resumeMarks();
  }
}
