// What a live view knows of a pair, and how it learns: pure steps from one state to the next, for a terminal as for a web
// page. What is asked for again after an event follows from the event; of an idle pair only the state, in case that no event came.
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
  /** The latest last. */
  readonly events: readonly Happened[];
}

/** The queries that the view uses. */
export type Question = 'status' | 'locks' | 'held' | 'conflicts' | 'transfers';

const NOTHING = { files: 0, bytes: 0 };
const NO_TRANSFERS: Transfers = { transfers: [], left: NOTHING, done: NOTHING, percent: 0 };

export const startOf = (server: string, user: string): LiveState => ({
  ...{ server, user, lostSince: null, status: null, locks: [], held: [], conflicts: [] },
  ...{ transfers: NO_TRANSFERS, events: [] },
});

/** Notes what happened. What it says of the state is known at once, before the state is asked for again. */
export const withEvent = (state: LiveState, happened: Happened): LiveState => ({
  ...state,
  status: 'event' in happened ? statusAfter(state.status, happened.event, happened.time) : state.status,
  events: [...state.events.slice(1 - KEPT_EVENTS), happened],
});

function statusAfter(status: Status | null, event: SyncEvent | Gap, time: Date): Status | null {
  if (status === null) return null;
  switch (event.event) {
    case 'syncing':
      return { ...status, state: 'syncing' };
    case 'peer-lost':
      return status.state === 'in-sync' || status.state === 'syncing' ? { ...status, state: 'peer-lost' } : status;
    case 'paused':
      return { ...status, state: 'paused', paused: { by: event.by, since: event.since ?? time.toISOString() } };
    case 'halted':
      return { ...status, state: 'halted' };
    case 'resumed':
      return { ...status, state: 'syncing', paused: null };
    case 'in-sync':
      return { ...status, state: 'in-sync' };
    default:
      return status;
  }
}

/** Notes the answers to questions. */
export const withAnswers = (
  state: LiveState,
  answers: Partial<Pick<LiveState, 'status' | 'locks' | 'held' | 'conflicts' | 'transfers'>>,
): LiveState => ({ ...state, ...answers });

export const withoutServer = (state: LiveState, since: Date): LiveState =>
  withEvent({ ...state, lostSince: since, transfers: NO_TRANSFERS }, { time: since, server: 'gone' });

export const withServer = (state: LiveState, time: Date): LiveState =>
  withEvent({ ...state, lostSince: null }, { time, server: 'back' });

/** @returns the queries to repeat after an event. */
export function questionsAfter(event: (SyncEvent | Gap)['event']): readonly Question[] {
  switch (event) {
    case 'locked':
    case 'waiting':
    case 'left':
    case 'asked':
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
