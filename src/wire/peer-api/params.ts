// The params of server-b's methods, checked before a method gets them.

import * as v from 'valibot';
import { hash, MAX_COUNT, MAX_INDEX, MAX_NAME_CHARS, none, path, text, whole } from '../rpc/fields.js';
import { MAX_DIR_CHARS } from './hello.js';
import type { PeerMethods } from './messages.js';
import { clientNumber } from './passed-client.js';

type PeerParams = { [M in keyof PeerMethods]: v.GenericSchema<unknown, PeerMethods[M]['params']> };

/** The schemas of server-b's params; the lists that follow are checked in `messages`. */
export const peerParams = {
  hello: v.object({
    protocol: whole(0, MAX_INDEX),
    role: v.optional(v.picklist(['peer', 'client']), 'client'),
    root: v.optional(text(0, MAX_NAME_CHARS), ''),
    lane: v.optional(v.boolean(), false),
    clients: v.optional(v.boolean(), false),
    client: v.exactOptional(clientNumber),
    // What cannot be a name is left out where it is used.
    name: v.exactOptional(text(0, MAX_NAME_CHARS)),
  }),
  look: v.object({
    scope: v.picklist(['hinted', 'everything']),
    moving: v.optional(v.boolean(), false),
    arriving: v.optional(v.boolean(), false),
    known: v.exactOptional(hash),
  }),
  entries: none,
  'accept-deletes': none,
  acknowledge: v.object({
    epoch: whole(1, Number.MAX_SAFE_INTEGER),
    root: text(1, MAX_NAME_CHARS),
    dir: text(0, MAX_DIR_CHARS),
    device: text(0, MAX_NAME_CHARS),
    machine: text(0, MAX_NAME_CHARS),
  }),
  guard: v.object({ on: v.boolean() }),
  'show-locks': v.object({ anew: v.boolean() }),
  offer: none,
  sums: v.object({ blockBytes: whole(1, MAX_INDEX) }),
  read: v.object({ count: whole(0, MAX_COUNT), joined: v.optional(v.boolean(), false) }),
  apply: v.object({ count: whole(0, MAX_COUNT) }),
  ping: none,
  events: none,
  limit: v.object({ bytesPerSecond: v.nullable(whole(1, Number.MAX_SAFE_INTEGER)) }),
  versions: v.object({ path }),
  'recent-versions': v.object({ since: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) }),
  'version-usage': none,
  'prune-versions': v.object({
    olderMs: whole(0, Number.MAX_SAFE_INTEGER),
    dryRun: v.boolean(),
    before: v.exactOptional(whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)),
  }),
  'look-version': v.object({ name: path }),
  'read-version': none,
} satisfies PeerParams;
