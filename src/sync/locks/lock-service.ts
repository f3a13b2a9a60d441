// Where clients ask for locks. A lock is granted on the newest version and an unlock settles what really happened, so
// both first have the path looked at on both sides and let what is under way for it arrive; then the machine decides.

import type { LockEvent } from '../../core/locks/events.js';
import type { Lock } from '../../core/locks/records.js';
import type { RelPath } from '../../core/path.js';
import type { Acted, Refused } from '../../wire/client-api/methods.js';
import { answered, noLongerWaiting, refused, stillComing, tooMany } from './answers.js';
import { LockExpiry } from './expiry.js';
import { type DeskSurroundings, LockGround, type Looking } from './readiness.js';
import { type Ask, type Asking, isCancelled } from './request.js';
import { LockLines, LockTurns, MOST_IN_LINE } from './waiters.js';

export { iso, lockedBy } from './answers.js';
export type { Ask } from './request.js';

type Pending = Asking & Looking;

/** Answers those who ask for locks and unlocks. */
export class LockDesk {
  private waiting: Pending[] = [];
  private readonly ground: LockGround;
  private readonly lines: LockLines;
  private readonly turns: LockTurns;
  private lastLine = 0;

  constructor(private readonly around: DeskSurroundings) {
    this.ground = new LockGround(around, () => this.waiting.length + this.turns.size > 0);
    this.lines = new LockLines(around);
    this.turns = new LockTurns(this.ground, this.lines);
    new LockExpiry({ ...around, expire: (lock) => this.expire(lock) }).start();
  }

  /** @returns the answer, once it is durable. */
  ask(ask: Ask): Promise<Acted | Refused> {
    return new Promise((resolve) => {
      this.waiting.push({ ask, line: ++this.lastLine, resolve, ...this.ground.lookAt(ask.path) });
      this.around.mailbox.wake();
      this.ground.setAlarm();
    });
  }

  private async expire({ path, owner, side, expires }: Lock): Promise<boolean> {
    const ended = await this.ask({ kind: 'expire', path, owner, side, message: '', expires: expires ?? 0 });
    return !('error' in ended);
  }

  /** Side b has come (back): what counts is a look at it from now on. */
  restart(): void {
    for (const pending of this.waiting) this.ground.lookAgain(pending, pending.ask.path);
    this.turns.restart();
  }

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  /** Decides whatever can be decided now. */
  serve(): void {
    this.lines.serve();
    if (this.waiting.length > 0) this.serveWaiting();
    this.turns.serve();
  }

  private serveWaiting(): void {
    const still: Pending[] = [];
    const due = this.waiting;
    this.waiting = still;
    /** Who asks for a lock does not overtake who asked before for the same path. */
    const before = new Set<RelPath>();
    for (const pending of due) {
      const { path, kind } = pending.ask;
      if ((kind === 'lock' && before.has(path)) || !this.isReady(pending)) {
        before.add(path);
        still.push(pending);
      } else this.decide(pending);
    }
  }

  private isReady(pending: Pending): boolean {
    const { ask } = pending;
    // Who is turned away, or has to stand in line, needs no look at anything.
    if (ask.kind === 'lock' && this.isKeptOut(ask)) return true;
    if (this.ground.isLate(pending) || this.ground.isOvertaken(pending, ask.path)) return true;
    // What the holder saves is still going over: what the other side has then is told to be its own only afterwards.
    return this.ground.isSettled(pending, ask.path) && !this.ground.isInFlight(ask.path);
  }

  /** Whether somebody else has the lock, or comes first. */
  private isKeptOut({ path, owner, steal = false, wait }: Ask): boolean {
    const { table } = this.around.book;
    const holder = table.locks.get(path);
    if (holder !== undefined) return holder.owner !== owner && !steal;
    return wait !== undefined && table.waitersOf(path).length > 0;
  }

  private decide(pending: Pending): void {
    const { ask, resolve } = pending;
    const { path } = ask;
    const why = ask.kind === 'lock' ? this.objection(ask) : null;
    if (why !== null) {
      resolve(refused(path, why));
      return;
    }
    const note = this.ground.noteOn(pending, path);
    const decided = this.around.book.happen(this.eventFor(pending), (answer, error) => {
      if (answer.kind === 'granted') this.ground.settle(answer, error, { asker: pending, called, note });
      else if (error !== null) resolve(refused(path, error));
      else if (answer.kind !== 'queued') resolve(answered(ask, answer));
    });
    const called = decided.kind === 'granted' ? this.lines.called(decided) : [];
    if (decided.kind === 'queued') this.lines.join(pending, decided.position);
    if (decided.kind !== 'refused' && decided.kind !== 'later') this.ground.touched(path);
  }

  /** Why a lock can be neither granted nor waited for; null where nothing is in the way. */
  private objection(ask: Ask): ReturnType<LockGround['nothingToLock']> {
    const { path, wait } = ask;
    if (wait !== undefined && isCancelled(wait.signal)) return noLongerWaiting(path);
    if (this.isKeptOut(ask))
      return wait !== undefined && this.lines.size >= MOST_IN_LINE ? tooMany(MOST_IN_LINE) : null;
    // What is still coming would come under the holder's hands.
    if (this.ground.isInFlight(path)) return stillComing(path);
    return this.ground.nothingToLock(path);
  }

  private eventFor({ ask, line }: Pending): LockEvent {
    const { kind, path, owner, side, message, ttlMs, steal, wait, force, held, expires } = ask;
    const { book, pair, clock } = this.around;
    const now = clock.now();
    const current = pair.entry(book.table.locks.get(path)?.side ?? 'a', path);
    if (kind === 'expire') return { kind, path, expires: expires ?? 0, current, now };
    if (kind === 'unlock') {
      const how = { ...(force === undefined ? {} : { force }), ...(held === undefined ? {} : { held }) };
      return { kind, path, owner, current, now, ...how };
    }
    const how = { ...(ttlMs === undefined ? {} : { ttlMs }), ...(steal === undefined ? {} : { steal }) };
    const inLine = wait !== undefined || steal === true ? { line } : {};
    return { kind, path, owner, side, message, current, now, ...how, ...inLine };
  }
}
