// What a live view knows of a pair, and how it learns: pure steps from one state to the next, for a terminal as for a web
// page. What is asked for again after an event follows from the event, so that an idle pair is not asked at all.
import type { Gap, SyncEvent } from '../core/events.js';
import type { ConflictRow, HeldRow, LockRow, Status, Transfers } from '../wire/client-api/methods.js';

/** As many events as the tallest window shows. */
const KEPT_EVENTS = 200;

/** A thing that happened, and when. */
type Happened =
  | { readonly time: Date; readonly event: SyncEvent | Gap }
  | { readonly time: Date; readonly server: 'gone' | 'back' };

export interface LiveState {
  /** Where server-a is looked for. */
  readonly server: string;
  readonly user: string;
  /** Since when server-a is gone; null while it is there. */
  readonly lostSince: Date | null;
  readonly status: Status | null;
  readonly locks: readonly LockRow[];
  readonly held: readonly HeldRow[];
  readonly conflicts: readonly ConflictRow[];
  readonly transfers: Transfers;
  /** The most that was left since there was last nothing left. */
  readonly most: Transfers['left'];
  /** The latest last. */
  readonly events: readonly Happened[];
}

/** What can be asked for. */
export type Question = 'status' | 'locks' | 'held' | 'conflicts' | 'transfers';

const NOTHING_LEFT = { files: 0, bytes: 0 };

export const startOf = (server: string, user: string): LiveState => ({
  ...{ server, user, lostSince: null, status: null, locks: [], held: [], conflicts: [] },
  ...{ transfers: { transfers: [], left: NOTHING_LEFT }, most: NOTHING_LEFT, events: [] },
});

export const withEvent = (state: LiveState, happened: Happened): LiveState => ({
  ...state,
  events: [...state.events.slice(1 - KEPT_EVENTS), happened],
});

/** Notes the answers to questions. */
export function withAnswers(
  state: LiveState,
  answers: Partial<Pick<LiveState, 'status' | 'locks' | 'held' | 'conflicts' | 'transfers'>>,
): LiveState {
  const { left } = answers.transfers ?? state.transfers;
  const most =
    left.files === 0
      ? NOTHING_LEFT
      : { files: Math.max(left.files, state.most.files), bytes: Math.max(left.bytes, state.most.bytes) };
  return { ...state, ...answers, most };
}

export const withoutServer = (state: LiveState, since: Date): LiveState =>
  withEvent(
    { ...state, lostSince: since, transfers: { transfers: [], left: NOTHING_LEFT } },
    { time: since, server: 'gone' },
  );

export const withServer = (state: LiveState, time: Date): LiveState =>
  withEvent({ ...state, lostSince: null }, { time, server: 'back' });

/** @returns what an event makes worth asking for. */
export function questionsAfter(event: (SyncEvent | Gap)['event']): readonly Question[] {
  switch (event) {
    case 'locked':
    case 'waiting':
      return ['status', 'locks'];
    case 'unlocked':
    case 'held':
    case 'applied':
      return ['status', 'locks', 'held', 'transfers'];
    case 'conflict':
      return ['status', 'conflicts', 'transfers'];
    case 'gap':
      return ALL_QUESTIONS;
    default:
      return ['status', 'transfers'];
  }
}

/** @returns what a count that has changed makes worth asking for: that a conflict is settled, for one, no event says. */
export function questionsAfterAnswers(before: LiveState, after: LiveState): readonly Question[] {
  const [was, is] = [before.status, after.status];
  if (was === null || is === null) return [];
  return (['locks', 'held', 'conflicts'] as const).filter((counted) => was[counted] !== is[counted]);
}

/** Everything, for a start. */
export const ALL_QUESTIONS: readonly Question[] = ['status', 'locks', 'held', 'conflicts', 'transfers'];
