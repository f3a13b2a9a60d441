// What the methods of server-b take, checked before a method sees it.

import * as v from 'valibot';
import { MAX_COUNT, MAX_INDEX, MAX_NAME_CHARS, none, path, text, whole } from '../rpc/fields.js';
import { MAX_DIR_CHARS } from './hello.js';
import type { PeerMethods } from './messages.js';

type PeerParams = { [M in keyof PeerMethods]: v.GenericSchema<unknown, PeerMethods[M]['params']> };

/** What server-b's methods take from server-a; the lists that follow them are checked in `peer-messages`. */
export const peerParams = {
  hello: v.object({
    protocol: whole(0, MAX_INDEX),
    // A client that comes to the wrong server is to be told so in words.
    role: v.optional(v.picklist(['peer', 'client']), 'client'),
    root: v.optional(text(0, MAX_NAME_CHARS), ''),
    lane: v.optional(v.boolean(), false),
  }),
  look: v.object({ scope: v.picklist(['hinted', 'everything']), moving: v.optional(v.boolean(), false) }),
  'accept-deletes': none,
  acknowledge: v.object({
    epoch: whole(1, Number.MAX_SAFE_INTEGER),
    root: text(1, MAX_NAME_CHARS),
    dir: text(0, MAX_DIR_CHARS),
    device: text(0, MAX_NAME_CHARS),
    machine: text(0, MAX_NAME_CHARS),
  }),
  guard: v.object({ on: v.boolean() }),
  offer: none,
  sums: v.object({ blockBytes: whole(1, MAX_INDEX) }),
  read: v.object({ count: whole(0, MAX_COUNT) }),
  apply: v.object({ count: whole(0, MAX_COUNT) }),
  ping: none,
  versions: v.object({ path }),
  'look-version': v.object({ name: path }),
  'read-version': none,
} satisfies PeerParams;
