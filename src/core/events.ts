// The events that the servers log and `client watch` streams, as one closed union. The server that logs an event adds its
// number and the time.

import type { Action } from './change.js';
import type { Side } from './path.js';

export type SyncEvent =
  | { readonly event: 'listening'; readonly host: string; readonly port: number; readonly dir: string }
  | { readonly event: 'peer-connected' }
  | { readonly event: 'peer-lost'; readonly reason: string }
  | { readonly event: 'scan-started' }
  | { readonly event: 'scan-finished'; readonly files: number; readonly bytes: number; readonly ms: number }
  | {
      readonly event: 'synced';
      readonly path: string;
      readonly action: Action;
      readonly from: Side;
      readonly to: Side;
      /** Size of the file in bytes. */
      readonly bytes: number;
      /** Content bytes that were transferred. */
      readonly sent: number;
      readonly ms: number;
      /** For a rename: the former path. */
      readonly was?: string;
    }
  | { readonly event: 'held'; readonly path: string; readonly action: Action; readonly position: number }
  | {
      readonly event: 'applied';
      readonly path: string;
      readonly action: Action;
      readonly position: number;
      readonly of: number;
    }
  | {
      readonly event: 'locked';
      readonly path: string;
      readonly owner: string;
      readonly side: Side;
      /** Present where the lock was not taken by hand. */
      readonly kind?: 'auto';
      /** The program that has the document open, of an automatic lock; null where changes tell of its use. */
      readonly app?: string | null;
    }
  /** A document is open on `side`. */
  | {
      readonly event: 'opened';
      readonly path: string;
      readonly app: string;
      readonly owner: string;
      readonly side: Side;
      /** Who holds the lock on the other side: then changes on this side are held. */
      readonly lockedBy?: string;
    }
  | {
      readonly event: 'closed';
      readonly path: string;
      readonly app: string;
      readonly owner: string;
      readonly side: Side;
    }
  | {
      readonly event: 'unlocked';
      readonly path: string;
      readonly owner: string;
      readonly by: string;
      readonly reason: 'released' | 'forced' | 'stolen' | 'expired';
    }
  | { readonly event: 'waiting'; readonly path: string; readonly owner: string; readonly position: number }
  /** A waiter has gone away without the lock. */
  | { readonly event: 'left'; readonly path: string; readonly owner: string }
  /** `owner`, who wanted to be told, can lock it now. */
  | { readonly event: 'free'; readonly path: string; readonly owner: string }
  /** `by` asks the holder of a lock, `owner`, to unlock it. */
  | {
      readonly event: 'asked';
      readonly path: string;
      readonly owner: string;
      readonly by: string;
      /** Why; empty where nothing was said. */
      readonly message: string;
    }
  | { readonly event: 'conflict'; readonly path: string; readonly kept: Side; readonly copy: string | null }
  | { readonly event: 'problem'; readonly path: string; readonly code: string; readonly message: string }
  | { readonly event: 'halted'; readonly code: string; readonly message: string }
  | {
      readonly event: 'paused';
      readonly by: string;
      /** Since when, ISO 8601, where it is said again after a restart. */
      readonly since?: string;
    }
  /** `by` is null where a halt has ended by itself. */
  | { readonly event: 'resumed'; readonly by: string | null }
  /** Work has begun, or has turned out to be much more than was said: what is left of it. */
  | { readonly event: 'syncing'; readonly files: number; readonly bytes: number }
  | { readonly event: 'in-sync'; readonly files: number; readonly bytes: number };

/** The place of an event: in one run of one server each event has the number after that of the event before. */
export interface EventPlace {
  readonly id: number;
  /** Names the run: another start of the server is another run. */
  readonly run: string;
}

/** An event as a server says it. `time` is ISO 8601. */
export type NumberedEvent = SyncEvent & EventPlace & { readonly time: string };

/**
 * Stands in a stream of events where some are missing that are no longer kept, or that another run of the server had.
 * Its place is that of the event before the one that follows.
 */
export interface Gap extends EventPlace {
  readonly event: 'gap';
  readonly time: string;
  /** How many events are missing; null where the place that was asked for is of another run. */
  readonly missed: number | null;
}

/** What a stream of events is made of. */
export type WatchedEvent = NumberedEvent | Gap;

/** @returns every path that an event is about. */
export function pathsOfEvent(event: SyncEvent): string[] {
  const { path, was, copy } = event as { path?: unknown; was?: unknown; copy?: unknown };
  return [path, was, copy].filter((one) => typeof one === 'string');
}
