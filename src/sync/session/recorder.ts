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
import type { Hands } from './in-flight.js';
import type { Planner } from './planner.js';
import type { Troubles } from './problems.js';
import type { LookoutEvent } from './scan-queue.js';
import type { Sides } from './sides.js';
import type { CarrierEvent } from './transfer-queue.js';

/** A halted pair, or one that could not be scanned, is scanned again after this long. */
const LOOK_AGAIN_MS = 1_000;

/** What recording needs of its session. */
export interface RecorderSurroundings {
  readonly pair: Pair;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly planner: Planner;
  readonly hands: Hands;
  readonly sides: Sides;
  readonly clock: Clock;
  readonly mailbox: { post(event: { readonly kind: 'rescan' }): void };
}

/** Records what happened. */
export class Recorder {
  /** Whether no file may be touched until a person looked or the root is back. */
  halted = false;
  /** Whether something happened since both sides were last said to agree. */
  owesWord = false;
  private lastFailure = '';
  private haltedBy: HaltCode | null = null;

  /** Everything is scanned again before long. */
  private readonly lookSoon: () => void;

  constructor(private readonly around: RecorderSurroundings) {
    const { clock, mailbox } = around;
    this.lookSoon = oncePer(clock, LOOK_AGAIN_MS, () => mailbox.post({ kind: 'rescan' }));
  }

  looked({ side, look, paths, ms }: LookoutEvent & { kind: 'looked' }): void {
    const { pair, log, troubles, hands } = this.around;
    const { far } = this.around.sides;
    if (!look.whole && look.halt === null && pair.side(side).snapshot === null) {
      // Differences from nothing would make everything else seem deleted.
      this.lookFailed({ kind: 'look-failed', side, error: new Error('it told differences before it told all') });
      return;
    }
    hands.lookEnds(side, paths, look.unknown);
    if (look.whole) hands.toldAll(side);
    const entries = look.whole ? look.entries : hands.believed(side, look.entries);
    for (const { path, entry } of entries) {
      if (entry?.type === 'dir' || pair.entry(side, path)?.type !== 'dir') continue;
      this.recallBelow('a', path);
      this.recallBelow('b', path);
    }
    pair.foldLook(side, { ...look, entries }, this.around.clock.now());
    // Each look is bounded; what many of them add up to is bounded here.
    if (side === 'b' && (pair.b.snapshot?.weight ?? 0) > MAX_SIDE_BYTES) {
      this.lookFailed({ kind: 'look-failed', side, error: sideTooLarge() });
      return;
    }
    for (const { path } of look.entries) {
      for (const freed of far?.carriers.a.recall(path) ?? []) pair.mark(freed);
      for (const freed of far?.carriers.b.recall(path) ?? []) pair.mark(freed);
    }
    if (look.halt === null && look.whole) {
      const { files, bytes } = pair.side(side).snapshot!;
      log.event({ event: 'scan-finished', files, bytes, ms });
    }
    if (side === 'b' && far !== null && look.halt === null) far.seen = true;
    troubles.noteLooks([...pair.a.problems, ...pair.b.problems]);
    this.noteHalt();
    // What was in doubt may be known now.
    pair.resumeMarks();
  }

  lookFailed({ side, error }: LookoutEvent & { kind: 'look-failed' }): void {
    const message = `A look at side ${side} failed: ${(error as Error).message}`;
    if (message !== this.lastFailure) this.around.log.warn(message);
    this.lastFailure = message;
    this.around.hands.lookFailed(side);
    const { far } = this.around.sides;
    if (side === 'a') this.lookSoon();
    else if (far !== null) {
      // What a lost look would have told is told by nobody else: a new connection tells everything. Until this one is
      // known to be over, whatever is sent over it fails at once, and would be planned again at once.
      far.seen = false;
      void far.replica.close();
    }
  }

  /** Halts or resumes, as the last looks say. */
  noteHalt(): void {
    const { pair, log } = this.around;
    const halt = pair.halts[0] ?? null;
    // The reason may change while the pair is halted: what is to be done about it changes with it.
    if (halt !== null && halt.code !== this.haltedBy)
      log.event({ event: 'halted', code: halt.code, message: halt.message });
    this.haltedBy = halt?.code ?? null;
    if (halt === null && this.halted) {
      log.event({ event: 'resumed' });
      pair.markEverything();
      this.owesWord = true;
    }
    this.halted = halt !== null;
    if (this.halted || pair.safety.isSettling) this.lookSoon();
  }

  /** Why the pair is halted; null where it is not. */
  get halt(): SyncError | null {
    return this.halted ? this.standstill() : null;
  }

  /** Why nothing moves, for who waits for it. */
  standstill(): SyncError {
    const { pair } = this.around;
    if (!this.halted) return new SyncError('failed', 'The pair is paused.', { hint: 'Go on with: client resume' });
    const message = pair.halts[0]?.message ?? 'The pair is halted for safety.';
    const hint = canConfirm(pair) ? 'See: client status' : 'No command ends this halt: see client status';
    return new SyncError('halted', message, { hint });
  }

  applied({ side, change, outcome, ms }: CarrierEvent & { kind: 'applied' }): void {
    const { pair, troubles } = this.around;
    const { path, from } = change;
    if (outcome.kind === 'done') {
      pair.foldDone(side, change);
      if (troubles.gone(path)) pair.mark(path, true);
      if (from !== undefined) troubles.gone(from.path);
      if (change.keepAs !== undefined) this.around.hands.suspect(side, change.keepAs);
      this.say(side, change, outcome.sent, ms);
      return;
    }
    this.around.planner.takeConflict(change);
    if (outcome.kind === 'problem') {
      troubles.failed(path, outcome.code, outcome.message);
      // Both ends of a move are tried again: the one without the other would be forgotten.
      if (from !== undefined) troubles.failed(from.path, outcome.code, outcome.message);
      if (change.after?.type === 'dir') this.giveUpBelow(side, path);
    } else if (outcome.kind === 'kept') {
      pair.agree(path, null);
      pair.mark(path);
    } else {
      this.tryAgain(pathsOf(change));
    }
  }

  /** Below a directory that could not be made nothing is in motion: it all comes when the directory does. */
  private tryAgain(paths: Iterable<RelPath>): void {
    const { troubles } = this.around;
    for (const path of paths) if (!troubles.hasProblemAbove(path)) troubles.moved(path);
  }

  /** What waits for a directory that could not be made is not planned at once: the directory would be tried at once, too. */
  private giveUpBelow(side: Side, directory: RelPath): void {
    this.tryAgain(this.around.sides.far?.carriers[side].recallBelow(directory) ?? []);
  }

  /** What was to be moved there from elsewhere stays where it is, and is compared anew. */
  private recallBelow(side: Side, directory: RelPath): void {
    const { pair, sides } = this.around;
    for (const freed of sides.far?.carriers[side].recallBelow(directory) ?? []) pair.mark(freed);
  }

  private say(side: Side, change: Change, sent: number, ms: number): void {
    const { log, planner } = this.around;
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
  jobEnded({ side, left, error }: CarrierEvent & { kind: 'job-ended' }): void {
    if (error !== null) this.around.log.detail(`Work was interrupted: ${(error as Error).message}`);
    for (const change of left) for (const path of pathsOf(change)) this.around.troubles.moved(path);
    if (side === 'b') for (const change of left) this.around.pair.unrecorded.note(change);
    this.around.pair.resumeMarks();
  }
}
