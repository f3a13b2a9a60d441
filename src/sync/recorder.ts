// What looks and carriers report is recorded here, as it happened and after it happened: in the pair, in the troubles,
// and in words.
import type { Change } from '../core/change.js';
import { sizeOf } from '../core/entry.js';
import { SyncError } from '../core/errors.js';
import { otherSide, type Side } from '../core/path.js';
import type { Logger } from '../log.js';
import type { CarrierEvent } from './carrier.js';
import type { Far } from './far.js';
import type { LookoutEvent } from './lookout.js';
import type { Pair } from './pair.js';
import type { Planner } from './planner.js';
import type { Troubles } from './troubles.js';

/** What recording needs of its session. */
export interface RecorderSurroundings {
  readonly pair: Pair;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly planner: Planner;
  /** Side b, null while it is away. */
  readonly far: () => Far | null;
  /** Everything is to be looked at again before long. */
  readonly lookSoon: () => void;
}

/** Records what happened. */
export class Recorder {
  /** Whether no file may be touched until a person looked or the root is back. */
  halted = false;
  /** Whether something happened since both sides were last said to agree. */
  owesWord = false;

  constructor(private readonly around: RecorderSurroundings) {}

  looked({ side, look, ms }: LookoutEvent & { kind: 'looked' }): void {
    const { pair, log, troubles } = this.around;
    const far = this.around.far();
    pair.foldLook(side, look);
    for (const { path } of look.entries) {
      far?.carriers.a.recall(path);
      far?.carriers.b.recall(path);
    }
    if (look.halt === null && look.whole) {
      const { files, bytes } = pair.side(side).snapshot!;
      log.event({ event: 'scan-finished', files, bytes, ms });
    }
    if (side === 'b' && far !== null && look.halt === null) far.seen = true;
    troubles.noteLooks([...pair.a.problems, ...pair.b.problems]);
    this.noteHalt();
  }

  lookFailed({ side, error }: LookoutEvent & { kind: 'look-failed' }): void {
    this.around.log.detail(`A look at side ${side} failed: ${(error as Error).message}`);
    this.around.lookSoon();
  }

  /** Halts or resumes, as the last looks say. */
  noteHalt(): void {
    const { pair, log, lookSoon } = this.around;
    const halt = pair.a.halt ?? pair.b.halt;
    if (halt !== null && !this.halted) log.event({ event: 'halted', code: halt.code, message: halt.message });
    if (halt === null && this.halted) {
      log.event({ event: 'resumed' });
      pair.markEverything();
      this.owesWord = true;
    }
    this.halted = halt !== null;
    if (this.halted) lookSoon();
  }

  /** Why nothing moves, for who waits for it. */
  standstill(): SyncError {
    const { a, b } = this.around.pair;
    if (!this.halted) return new SyncError('failed', 'The pair is paused.', { hint: 'Go on with: client resume' });
    const message = (a.halt ?? b.halt)?.message ?? 'The pair is halted for safety.';
    return new SyncError('halted', message, { hint: 'See: client status' });
  }

  applied({ side, change, outcome, ms }: CarrierEvent & { kind: 'applied' }): void {
    const { pair, troubles } = this.around;
    const { path, from } = change;
    if (outcome.kind === 'done') {
      pair.foldDone(side, change);
      troubles.gone(path);
      this.say(side, change, outcome.sent, ms);
    } else if (outcome.kind === 'problem') troubles.failed(path, outcome.code, outcome.message);
    else if (outcome.kind === 'kept') {
      pair.agree(path, null);
      pair.mark(path);
    } else {
      troubles.moved(path);
      if (from !== undefined) troubles.moved(from.path);
    }
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
  jobEnded({ left, error }: CarrierEvent & { kind: 'job-ended' }): void {
    if (error !== null) this.around.log.detail(`Work was interrupted: ${(error as Error).message}`);
    for (const { path } of left) this.around.troubles.moved(path);
    this.around.pair.resumeMarks();
  }
}
