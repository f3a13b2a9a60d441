// What a live view knows of a pair, and how it learns: pure steps from one state to the next, for a terminal as for a web
// page. What is asked for again after an event follows from the event, so that an idle pair is not asked at all.
import type { Gap, SyncEvent } from '../core/events.js';
import type { ConflictRow, HeldRow, LockRow, Status, Transfers } from '../wire/client-api/methods.js';

/** The number of events that the tallest window shows. */
const KEPT_EVENTS = 200;

/** An event with its time. */
type Happened =
  | { readonly time: Date; readonly event: SyncEvent | Gap }
  | { readonly time: Date; readonly server: 'gone' | 'back' };

export interface LiveState {
  /** The address of server-a. */
  readonly server: string;
  readonly user: string;
  /** The time since which server-a is disconnected; null while it is connected. */
  readonly lostSince: Date | null;
  readonly status: Status | null;
  readonly locks: readonly LockRow[];
  readonly held: readonly HeldRow[];
  readonly conflicts: readonly ConflictRow[];
  readonly transfers: Transfers;
  /** The largest remaining work since there was none. */
  readonly most: Transfers['left'];
  /** The latest is last. */
  readonly events: readonly Happened[];
}

/** The queries that the view uses. */
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

/** Stores the results of queries. */
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

/** @returns the queries to repeat after an event. */
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

/** @returns the queries to repeat after a changed count; the resolution of a conflict, for example, has no event. */
export function questionsAfterAnswers(before: LiveState, after: LiveState): readonly Question[] {
  const [was, is] = [before.status, after.status];
  if (was === null || is === null) return [];
  return (['locks', 'held', 'conflicts'] as const).filter((counted) => was[counted] !== is[counted]);
}

/** All queries, for the start. */
export const ALL_QUESTIONS: readonly Question[] = ['status', 'locks', 'held', 'conflicts', 'transfers'];
