// The events as they stream to `client watch`: one schema for each.

import * as v from 'valibot';
import type { SyncEvent } from '../../core/events.js';
import { side, text, whole } from '../rpc/fields.js';

const MAX_PATH_CHARS = 32 * 1024;
const MAX_WORD_CHARS = 4096;

const count = whole(0, Number.MAX_SAFE_INTEGER);
const word = text(0, MAX_WORD_CHARS);
/** For people to read: it may be the escaped form of an invalid name. */
const shownPath = text(0, MAX_PATH_CHARS);
const action = v.picklist(['created', 'modified', 'deleted', 'renamed', 'metadata']);
const ms = v.pipe(v.number(), v.finite(), v.minValue(0));

/** One event, without its time. */
export const eventParams = v.variant('event', [
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
  v.object({ event: v.literal('locked'), path: shownPath, owner: word, side }),
  v.object({
    event: v.literal('unlocked'),
    path: shownPath,
    owner: word,
    by: word,
    reason: v.picklist(['released', 'forced', 'stolen', 'expired']),
  }),
  v.object({ event: v.literal('waiting'), path: shownPath, owner: word, position: count }),
  v.object({ event: v.literal('left'), path: shownPath, owner: word }),
  v.object({ event: v.literal('conflict'), path: shownPath, kept: side, copy: v.nullable(shownPath) }),
  v.object({ event: v.literal('problem'), path: shownPath, code: word, message: word }),
  v.object({ event: v.literal('halted'), code: word, message: word }),
  v.object({ event: v.literal('paused'), by: word, since: v.exactOptional(word) }),
  v.object({ event: v.literal('resumed'), by: v.nullable(word) }),
  v.object({ event: v.literal('syncing'), files: count, bytes: count }),
  v.object({ event: v.literal('in-sync'), files: count, bytes: count }),
]) satisfies v.GenericSchema<unknown, SyncEvent>;

/** @returns the event in a notification's params; null where this version does not know it. */
export function parseEvent(params: unknown): SyncEvent | null {
  const checked = v.safeParse(eventParams, params, { abortEarly: true });
  return checked.success ? checked.output : null;
}
