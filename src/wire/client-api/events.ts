// The events as they stream to `client watch`: one schema for each.

import * as v from 'valibot';
import type { SyncEvent, WatchedEvent } from '../../core/events.js';
import { side, text, whole } from '../rpc/fields.js';

const MAX_PATH_CHARS = 32 * 1024;
const MAX_WORD_CHARS = 4096;

const count = whole(0, Number.MAX_SAFE_INTEGER);
const action = v.picklist(['created', 'modified', 'deleted', 'renamed', 'metadata']);
const ms = v.pipe(v.number(), v.finite());

/**
 * @param shownPath a path for people to read: it may be the escaped form of an invalid name.
 * @returns the schemas of all events, without number and time.
 */
const schemas = <T extends v.GenericSchema<string>>(word: T, shownPath: T) =>
  [
    v.object({ event: v.literal('listening'), host: word, port: whole(0, 65_535), dir: shownPath }),
    v.object({ event: v.literal('peer-connected') }),
    v.object({ event: v.literal('peer-lost'), reason: word }),
    v.object({ event: v.literal('scan-started') }),
    v.object({ event: v.literal('scan-finished'), files: count, bytes: count, ms }),
    v.object({
      event: v.literal('synced'),
      path: shownPath,
      action,
      from: side,
      to: side,
      bytes: count,
      sent: count,
      ms,
      was: v.exactOptional(shownPath),
    }),
    v.object({ event: v.literal('held'), path: shownPath, action, position: count }),
    v.object({ event: v.literal('applied'), path: shownPath, action, position: count, of: count }),
    v.object({
      event: v.literal('locked'),
      path: shownPath,
      owner: word,
      side,
      kind: v.exactOptional(v.literal('auto')),
      app: v.exactOptional(v.nullable(word)),
    }),
    v.object({
      event: v.literal('opened'),
      path: shownPath,
      app: word,
      owner: word,
      side,
      lockedBy: v.exactOptional(word),
    }),
    v.object({ event: v.literal('closed'), path: shownPath, app: word, owner: word, side }),
    v.object({
      event: v.literal('unlocked'),
      path: shownPath,
      owner: word,
      by: word,
      reason: v.picklist(['released', 'forced', 'stolen', 'expired']),
    }),
    v.object({ event: v.literal('waiting'), path: shownPath, owner: word, position: count }),
    v.object({ event: v.literal('left'), path: shownPath, owner: word }),
    v.object({ event: v.literal('free'), path: shownPath, owner: word }),
    v.object({ event: v.literal('asked'), path: shownPath, owner: word, by: word, message: word }),
    v.object({ event: v.literal('conflict'), path: shownPath, kept: side, copy: v.nullable(shownPath) }),
    v.object({ event: v.literal('problem'), path: shownPath, code: word, message: word }),
    v.object({ event: v.literal('halted'), code: word, message: word }),
    v.object({ event: v.literal('paused'), by: word, since: v.exactOptional(word) }),
    v.object({ event: v.literal('resumed'), by: v.nullable(word) }),
    v.object({ event: v.literal('syncing'), files: count, bytes: count }),
    v.object({ event: v.literal('in-sync'), files: count, bytes: count }),
  ] as const;

/** One event from another server, without its time. */
export const eventParams = v.variant(
  'event',
  schemas(text(0, MAX_WORD_CHARS), text(0, MAX_PATH_CHARS)),
) satisfies v.GenericSchema<unknown, SyncEvent>;

const events: ReadonlyMap<unknown, v.GenericSchema<unknown, SyncEvent>> = new Map(
  eventParams.options.map((schema) => [schema.entries.event.literal, schema]),
);

/** @returns one event of another server; null for one that this version does not know. */
export function eventOf(value: unknown): SyncEvent | null {
  const schema = events.get((value as { readonly event?: unknown } | null)?.event);
  const parsed = schema === undefined ? null : v.safeParse(schema, value, { abortEarly: true });
  return parsed?.success ? parsed.output : null;
}

/** Servers of earlier versions do not number their events. */
const place = { id: v.exactOptional(count), run: v.exactOptional(v.string()), time: v.exactOptional(v.string()) };
const watchedEvents: ReadonlyMap<unknown, v.GenericSchema> = new Map(
  [...schemas(v.string(), v.string()), v.object({ event: v.literal('gap'), missed: v.nullable(count) })].map(
    ({ entries }) => [entries.event.literal, v.object({ ...entries, ...place })],
  ),
);

/**
 * @returns whether `params` can be given to whoever watches: an event as this version knows it, of any length and with any
 *   further fields, or one of a kind that this version does not know.
 */
export function isWatchedEvent(params: object): params is WatchedEvent {
  const schema = watchedEvents.get((params as { readonly event?: unknown }).event);
  return schema === undefined || v.safeParse(schema, params, { abortEarly: true }).success;
}
