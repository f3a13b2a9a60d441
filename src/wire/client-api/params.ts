// The schemas of the params: every field is checked and bounded. Unknown fields are dropped, so that a newer client can
// use an older server.

import * as v from 'valibot';
import { hash, MAX_COUNT, MAX_INDEX, MAX_NAME_CHARS, none, path, side, text, whole } from '../rpc/fields.js';
import type { ClientMethods, Target } from './methods.js';

const MAX_MESSAGE_CHARS = 4096;
const MAX_TARGETS = 10_000;
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;
/** A hundred years: without end, for a lock. */
const MAX_TTL_MS = 100 * 365 * MAX_WAIT_MS;

const index = whole(0, MAX_INDEX);
/** Milliseconds since 1970. */
const moment = whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** A file by index or by path. */
const target = v.pipe(
  v.object({ index: v.exactOptional(index), path: v.exactOptional(path) }),
  v.check((value) => (value.index === undefined) !== (value.path === undefined), 'it should have an index or a path'),
  v.transform((value): Target => (value.path === undefined ? { index: value.index! } : { path: value.path })),
);

const targets = v.pipe(v.array(target), v.minLength(1), v.maxLength(MAX_TARGETS));
const owner = text(1, MAX_NAME_CHARS);
const time = v.pipe(
  v.string(),
  v.maxLength(40),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'it is not a time in ISO 8601'),
);

/** The params of a piece of an upload. */
export const contentParams = v.object({ last: v.exactOptional(v.boolean()), hash: v.exactOptional(hash) });

/** The params of the notification `file` of a download. */
export const downloadedFile = v.object({
  path,
  size: whole(0, Number.MAX_SAFE_INTEGER),
  mtime: time,
  mode: whole(0, 0o777),
  hash,
  from: whole(0, Number.MAX_SAFE_INTEGER),
});

type ClientParams = { [M in keyof ClientMethods]: v.GenericSchema<unknown, ClientMethods[M]['params']> };

/** The schemas of the params of server-a's methods. */
export const clientParams = {
  hello: v.object({
    protocol: whole(0, MAX_INDEX),
    // A server-a that dials the wrong server gets an error that says so.
    role: v.exactOptional(v.picklist(['client', 'peer'])),
    program: v.exactOptional(text(0, MAX_NAME_CHARS)),
  }),
  ping: none,
  list: v.object({ compact: v.exactOptional(v.boolean()), limit: v.exactOptional(whole(0, MAX_INDEX)) }),
  locks: none,
  held: v.object({ target: v.exactOptional(target) }),
  lock: v.object({
    targets,
    owner,
    side: v.exactOptional(side),
    message: v.exactOptional(text(0, MAX_MESSAGE_CHARS)),
    ttlMs: v.exactOptional(whole(1, MAX_TTL_MS)),
    steal: v.exactOptional(v.boolean()),
    wait: v.exactOptional(v.boolean()),
    waitMs: v.exactOptional(whole(0, MAX_WAIT_MS)),
    notify: v.exactOptional(v.boolean()),
  }),
  unlock: v.object({
    targets,
    owner,
    force: v.exactOptional(v.boolean()),
    held: v.exactOptional(v.picklist(['apply', 'copy', 'discard'])),
  }),
  ask: v.object({ targets, owner, message: v.exactOptional(text(0, MAX_MESSAGE_CHARS)) }),
  notices: v.object({ owner, all: v.exactOptional(v.boolean()) }),
  versions: v.object({
    target: v.exactOptional(target),
    since: v.exactOptional(time),
    deleted: v.exactOptional(v.boolean()),
    limit: v.exactOptional(whole(1, MAX_INDEX)),
  }),
  restore: v.pipe(
    v.object({
      target,
      owner,
      at: v.exactOptional(whole(1, MAX_COUNT)),
      side: v.exactOptional(side),
      where: v.exactOptional(text(1, MAX_MESSAGE_CHARS * 2)),
    }),
    v.check((value) => (value.side === undefined) === (value.where === undefined), 'side and where go together'),
  ),
  prune: v.object({
    olderMs: whole(0, Number.MAX_SAFE_INTEGER),
    dryRun: v.exactOptional(v.boolean()),
    before: v.exactOptional(v.object({ a: v.exactOptional(moment), b: v.exactOptional(moment) })),
  }),
  upload: v.object({
    path,
    name: v.exactOptional(path),
    owner,
    size: whole(0, Number.MAX_SAFE_INTEGER),
    mtime: v.exactOptional(time),
    mode: v.exactOptional(whole(0, 0o777)),
    overwrite: v.exactOptional(v.boolean()),
    replaces: v.exactOptional(hash),
  }),
  download: v.pipe(
    v.object({
      target,
      from: v.exactOptional(whole(0, Number.MAX_SAFE_INTEGER)),
      hash: v.exactOptional(hash),
      at: v.exactOptional(whole(1, MAX_COUNT)),
      side: v.exactOptional(side),
      where: v.exactOptional(text(1, MAX_MESSAGE_CHARS * 2)),
    }),
    v.check((value) => value.where === undefined || value.side !== undefined, 'side and where go together'),
    v.check((value) => value.at === undefined || value.side === undefined, 'at and side exclude each other'),
  ),
  rename: v.object({ target, to: path, owner, overwrite: v.exactOptional(v.boolean()) }),
  delete: v.object({ targets, owner, recursive: v.exactOptional(v.boolean()) }),
  checkIgnore: v.object({ path: text(1, MAX_MESSAGE_CHARS * 2) }),
  conflicts: none,
  resolve: v.object({ target, owner, keep: v.picklist(['a', 'b', 'both']) }),
  status: v.object({ servers: v.exactOptional(v.boolean()) }),
  plan: none,
  transfers: none,
  flush: v.object({ timeoutMs: v.exactOptional(whole(0, MAX_WAIT_MS)) }),
  rescan: none,
  web: v.object({ owner: v.exactOptional(owner) }),
  pause: v.object({ owner: v.exactOptional(owner) }),
  resume: v.object({
    owner: v.exactOptional(owner),
    acceptDeletes: v.exactOptional(v.boolean()),
    newPartner: v.exactOptional(v.boolean()),
    acceptRollback: v.exactOptional(v.boolean()),
    acceptLostLocks: v.exactOptional(v.boolean()),
  }),
  log: v.object({
    target: v.exactOptional(target),
    prefix: v.exactOptional(text(0, MAX_MESSAGE_CHARS)),
    since: v.exactOptional(time),
    ageMs: v.exactOptional(whole(0, MAX_TTL_MS)),
  }),
  watch: v.object({
    since: v.exactOptional(whole(0, Number.MAX_SAFE_INTEGER)),
    run: v.exactOptional(text(1, MAX_NAME_CHARS)),
  }),
} satisfies ClientParams;
