// Records the results of scans and transfers in the pair, in the list of problems and in the log: after they happened,
// and as they happened.

import { advise } from '../../core/advice.js';
import type { Change } from '../../core/change.js';
import { pathsOf } from '../../core/change.js';
import { sizeOf } from '../../core/entry.js';
import { type HaltCode, SyncError } from '../../core/errors.js';
import { otherSide, type RelPath, type Side } from '../../core/path.js';
import type { Logger } from '../../log.js';
import { withAdvice } from '../../wire/frame/advice-text.js';
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

/** After a scan that failed or halted, the next one waits at least this long, in milliseconds. */
const RESCAN_MS = 1_000;
/** Those scans take at most a tenth of the time: a large root that is halted keeps its machine free. */
const RESCAN_PAUSES = 10;
const MAX_RESCAN_MS = 60_000;

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

/** The codes of a server-b that has begun anew, or is not there. */
const ENDED: ReadonlySet<string> = new Set(['not-allowed', 'unreachable']);

/** Records the results of scans and transfers. */
export class Recorder {
  readonly #context: RecorderContext;

  /** Whether the pair is halted: no file is written until a person confirms or the root is back. */
  halted = false;
  /** Whether `in-sync` has to be logged once both sides agree again. */
  owesInSync = false;
  /** Who is confirming the halt; null while nobody is. */
  resumedBy: string | null = null;
  #lastFailure = '';
  #haltedBy: HaltCode | null = null;

  /** How long the last scan of everything on each side took, in milliseconds. */
  readonly #tookMs = { a: 0, b: 0 };

  /** Requests a scan of both sides after a delay in milliseconds. */
  readonly #scanLater: (ms: number) => void;

  constructor(context: RecorderContext) {
    this.#context = context;

    const { clock, mailbox } = context;
    this.#scanLater = oncePer(clock, () => mailbox.post({ kind: 'rescan' }));
  }

  scanned({ side, scan, scope, paths, ms }: ScanEvent & { kind: 'scanned' }): void {
    const { pair, log, retries, inFlight } = this.#context;
    const { peer } = this.#context.sides;
    if (scope === 'everything') this.#tookMs[side] = ms;
    if (!scan.whole && scan.halt === null && pair.side(side).snapshot === null) {
      // Differences from an empty state would make everything else seem deleted.
      this.scanFailed({ kind: 'scan-failed', side, error: new Error('it told differences before it told all') });
      return;
    }
    // One that halts reports no path, whatever it was asked for.
    if (scan.halt !== null) inFlight.scanFailed(side);
    else inFlight.scanEnds(side, paths, scan.unknown);
    if (scan.whole) inFlight.scannedAll(side);
    const entries = scan.whole ? scan.entries : inFlight.accepted(side, scan.entries);
    for (const { path, entry } of entries) {
      if (entry?.type === 'dir' || pair.entry(side, path)?.type !== 'dir') continue;
      this.#recallBelow('a', path);
      this.#recallBelow('b', path);
    }
    const isOpen = (path: RelPath) => inFlight.isOpen('b', path);
    pair.foldScan(side, { ...scan, entries }, this.#context.clock.now(), isOpen);
    // What was requested by name was not as expected. A directory there can be another one than the one that was shared.
    for (const path of paths) {
      if (pair.entry(side, path)?.type === 'dir' && pair.shared(path)?.type === 'dir') pair.mark(path, true);
    }
    // The decoder bounds one scan; this bounds the sum of many.
    if (side === 'b' && (pair.b.snapshot?.weight ?? 0) > MAX_SIDE_BYTES) {
      this.scanFailed({ kind: 'scan-failed', side, error: sideTooLarge() });
      return;
    }
    retries.reported(scan.entries);
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
    // Paths that were unconfirmed may be known now.
    pair.resumeMarks();
  }

  #scanSoon(): void {
    const { a, b } = this.#tookMs;
    this.#scanLater(Math.min(Math.max(RESCAN_MS, RESCAN_PAUSES * Math.max(a, b)), MAX_RESCAN_MS));
  }

  scanFailed({ side, error }: ScanEvent & { kind: 'scan-failed' }): void {
    const message = `The scan of side ${side} failed: ${(error as Error).message}`;
    if (message !== this.#lastFailure) this.#context.log.warn(message);
    this.#lastFailure = message;
    this.#context.inFlight.scanFailed(side);
    const { peer } = this.#context.sides;
    if (side === 'a') this.#scanSoon();
    else if (peer !== null) {
      // Only a new connection reports everything again, and so replaces the lost scan.
      giveUp(peer, error, message);
    }
  }

  /** Halts or resumes according to the last scans. */
  noteHalt(): void {
    const { pair, log } = this.#context;
    const halt = pair.halts[0] ?? null;
    // The reason can change during a halt, and with it what a person has to do.
    if (halt !== null && halt.code !== this.#haltedBy)
      log.event({ event: 'halted', code: halt.code, message: withAdvice(halt) });
    this.#haltedBy = halt?.code ?? null;
    if (halt === null && this.halted) {
      log.event({ event: 'resumed', by: this.resumedBy });
      pair.markEverything();
      this.owesInSync = true;
    }
    this.halted = halt !== null;
    if (this.halted || pair.safety.isSettling) this.#scanSoon();
  }

  /** The reason for the halt; null where the pair is not halted. */
  get halt(): SyncError | null {
    return this.halted ? this.whyStopped() : null;
  }

  /** The error for requests that cannot proceed: the reason for the halt, or that the pair is paused. */
  whyStopped(): SyncError {
    const { pair } = this.#context;
    if (!this.halted)
      return new SyncError('failed', 'The pair is paused.', { advice: advise`Go on with: ${{ do: 'resume' }}` });
    const halt = pair.halts[0];
    const message = halt === undefined ? 'The pair is halted for safety.' : withAdvice(halt);
    const advice = canConfirm(pair)
      ? advise`See: ${{ do: 'status' }}`
      : advise`No command ends this halt: see ${{ do: 'status' }}`;
    return new SyncError('halted', message, { advice });
  }

  applied({ side, change, outcome, ms }: TransferEvent & { kind: 'applied' }): void {
    const { pair, retries } = this.#context;
    const { path, from } = change;
    if (outcome.kind === 'done') {
      pair.foldDone(side, change);
      for (const each of pathsOf(change)) if (retries.gone(each)) pair.mark(each, true);
      if (change.conflictCopy !== undefined) this.#context.inFlight.markDirty(side, change.conflictCopy);
      this.#logSynced(side, change, outcome.sent, ms);
      return;
    }
    this.#context.planner.takeConflict(change);
    if (outcome.kind === 'problem') {
      retries.failed(path, outcome.code, outcome.message);
      // Both paths of a rename are tried again: one without the other would be forgotten.
      if (from !== undefined) retries.failed(from.path, outcome.code, outcome.message);
      if (change.after?.type === 'dir') this.#giveUpBelow(side, path);
    } else if (outcome.kind === 'kept') {
      pair.agree(path, null);
      pair.mark(path);
    } else {
      this.#tryAgain(pathsOf(change));
    }
  }

  /**
   * Paths below a directory that could not be made are not retried by themselves: they follow when the directory can be
   * made.
   */
  #tryAgain(paths: Iterable<RelPath>): void {
    const { retries } = this.#context;
    for (const path of paths) if (!retries.hasProblemAbove(path)) retries.moved(path);
  }

  /**
   * Recalls the changes below a directory that could not be made. They are not planned at once, because the directory
   * would be tried again with them.
   */
  #giveUpBelow(side: Side, directory: RelPath): void {
    this.#tryAgain(this.#context.sides.peer?.queues[side].recallBelow(directory) ?? []);
  }

  /**
   * Recalls the changes below `directory` and marks their paths: renames into it stay undone and are compared again.
   */
  #recallBelow(side: Side, directory: RelPath): void {
    const { pair, sides } = this.#context;
    for (const freed of sides.peer?.queues[side].recallBelow(directory) ?? []) pair.mark(freed);
  }

  #logSynced(side: Side, change: Change, sent: number, ms: number): void {
    const { log, planner } = this.#context;
    const { path, action, after, from } = change;
    this.owesInSync = true;
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

  /** The changes that a lost job left are scanned and planned again. */
  jobEnded({ side, left, error }: TransferEvent & { kind: 'job-ended' }): void {
    if (error !== null) this.#context.log.detail(`Work was interrupted: ${(error as Error).message}`);
    const { peer } = this.#context.sides;
    // Who does not know this server-a, or is not there, has ended the connection, though nobody has said so yet.
    if (peer !== null && ENDED.has((error as SyncError | null)?.code ?? '')) {
      giveUp(peer, error, (error as SyncError).message);
    }
    for (const change of left) for (const path of pathsOf(change)) this.#context.retries.moved(path);
    if (side === 'b') for (const change of left) this.#context.pair.lostOutcomes.note(change);
    this.#context.pair.resumeMarks();
  }
}

/**
 * Until a connection is known to be closed, every call over it fails at once and would be planned again at once.
 * @param error what went wrong; where the connection itself had ended, its own end says why.
 */
function giveUp(peer: NonNullable<Sides['peer']>, error: unknown, reason: string): void {
  peer.seen = false;
  if ((error as SyncError).code !== 'closed') peer.givenUpFor ??= reason;
  void peer.replica.close();
}
