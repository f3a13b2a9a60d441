// A ground for commands without a process: what they say is kept, the server is an object.
import { Readable } from 'node:stream';
import type { Api, Io } from '../../src/cli/context.js';
import { runLine } from '../../src/cli/program/program.js';
import { PLAIN_NAMES, type ProgramNames } from '../../src/cli/program-name.js';
import type { ShownListing } from '../../src/cli/shown-listing.js';
import { SyncError } from '../../src/core/errors.js';
import type { ListEntry } from '../../src/wire/client-api/methods.js';

export const entry = (index: number, path: string, more: Partial<ListEntry> = {}): ListEntry => ({
  index,
  path,
  type: 'file',
  size: 661,
  mtime: '2026-11-21T14:03:22.118Z',
  mode: 0o644,
  on: 'both',
  lock: null,
  held: 0,
  ...more,
});

export const lockOf = (owner: string) => ({
  owner,
  side: 'a' as const,
  since: '2026-11-21T14:03:22.118Z',
  expires: null,
  message: '',
  token: 1,
});

/** A lock that was taken by hand, as `locks` lists it. */
export const lockRowOf = (owner: string) => ({ ...lockOf(owner), kind: 'manual' as const, app: null, away: null });

/** A server that knows these paths and locks them; `calls` says what it was asked. */
export function fakeApi(paths: readonly string[], calls: unknown[] = []): Api {
  const owners = new Map<string, string>();
  const entries = () =>
    paths.map((path, i) => entry(i, path, owners.has(path) ? { lock: lockOf(owners.get(path)!) } : {}));
  const pathOf = (target: unknown): string | undefined => {
    const { index, path } = target as { index?: number; path?: string };
    return index === undefined ? paths.find((one) => one === path) : paths[index];
  };
  const missing = (target: unknown) => {
    const path = String((target as { path?: string; index?: number }).path ?? (target as { index: number }).index);
    const error = { code: 'not-found' as const, message: `There is no file ${path}.`, hint: '' };
    return { path, changed: false as const, error };
  };
  return {
    user: 'ann',
    list: async () => {
      calls.push(['list']);
      return { generation: 7, entries: entries() };
    },
    locks: async () => ({
      locks: [...owners].map(([path, owner]) => ({ ...lockRowOf(owner), path, held: 0, waiting: [] })),
    }),
    held: async (target) => {
      calls.push(['held', target]);
      return { held: [] };
    },
    lock: async (targets, options) => {
      calls.push(['lock', targets, options]);
      return targets.map((target) => {
        const path = pathOf(target);
        if (path === undefined) return missing(target);
        if (owners.get(path) === 'bob') {
          const error = { code: 'locked' as const, message: `${path} is locked by bob.`, hint: '' };
          return { path, changed: false as const, error };
        }
        owners.set(path, path.startsWith('bobs') ? 'bob' : 'ann');
        return { path, changed: true, owner: 'ann', side: 'a', token: 1 };
      });
    },
    ask: async (targets, options) => {
      calls.push(['ask', targets, options]);
      return targets.map((target) => {
        const path = pathOf(target);
        if (path === undefined) return missing(target);
        const owner = owners.get(path) ?? null;
        return { path, changed: owner !== null && owner !== 'ann', owner };
      });
    },
    plan: async () => ({ plan: [], waiting: 0, firstContact: false }),
    notices: async () => [],
    unlock: async (targets) => {
      calls.push(['unlock', targets]);
      return targets.map((target) => {
        const path = pathOf(target) ?? (target as { path: string }).path;
        return { path, changed: owners.delete(path) };
      });
    },
    recentVersions: async (_take, options) => {
      calls.push(['recentVersions', options]);
      return { away: [], more: false };
    },
    pruneVersions: async (olderMs, options) => {
      calls.push(['pruneVersions', olderMs, options]);
      return { a: { files: 2, bytes: 1024, before: 70 }, b: { files: 1, bytes: 1024, before: 80 } };
    },
    versions: async (target) => {
      calls.push(['versions', target]);
      const row = {
        ...{
          path: pathOf(target) ?? '',
          n: 1,
          size: 3,
          mtime: '2026-11-21T13:00:00.000Z',
          replaced: '2026-11-21T14:03:22.118Z',
        },
        ...{ reason: 'overwritten', side: 'b' as const, where: '.lockstep/versions/a (2026-11-21 14-03-22).txt' },
      };
      return { versions: pathOf(target) === undefined ? [] : [row], away: [] };
    },
    restore: async (target, options) => {
      calls.push(['restore', target, options]);
      const path = pathOf(target) ?? (target as { path: string }).path;
      const at = options !== undefined && 'at' in options ? options.at : 1;
      return { path, changed: true, at, replaced: '2026-11-21T14:03:22.118Z' };
    },
    upload: async (source, path, options) => {
      calls.push(['upload', source, path, without(options)]);
      if (paths.includes(path) && options?.overwrite !== true) throw existing(path);
      return { path, changed: true, created: !paths.includes(path), size: 3, hash: '' };
    },
    download: async (target, destination, options) => {
      calls.push(['download', target, destination, without(options)]);
      const path = pathOf(target);
      if (path === undefined) throw gone(target);
      options?.onProgress?.({ bytes: 3, size: 3 });
      return { path, to: destination, size: 3, hash: '', resumed: 0, changed: true };
    },
    rename: async (target, to, options) => {
      calls.push(['rename', target, to, options]);
      const path = pathOf(target);
      if (path === undefined) throw gone(target);
      if (paths.includes(to) && options?.overwrite !== true) throw existing(to);
      return { path, changed: true, to, type: 'file', ...(paths.includes(to) ? { replaced: true } : {}) };
    },
    remove: async (targets, options) => {
      calls.push(['remove', targets, options]);
      return targets.map((target) => {
        const path = pathOf(target);
        return path === undefined ? missing(target) : { path, changed: true, type: 'file' };
      });
    },
    checkIgnore: async (path) =>
      path.endsWith('.tmp')
        ? { path, ignored: true, rule: '*.tmp', source: 'file', file: '.lockstepignore', line: 3, side: 'both' }
        : { path, ignored: false },
    async *read(target) {
      calls.push(['read', target]);
      if (pathOf(target) === undefined) throw gone(target);
      yield Buffer.from('con');
      yield Buffer.from('tent');
    },
    conflicts: async () => ({
      conflicts: paths.flatMap((copy) => {
        const path = copy.replace(/ \(conflict .*\)/, '');
        if (path === copy) return [];
        const time = '2026-11-21T14:03:22.000Z';
        return [{ path, copy, side: 'b' as const, time, size: 3, mtime: time, on: 'both' as const, original: null }];
      }),
    }),
    resolve: async (target, keep) => {
      calls.push(['resolve', target, keep]);
      const path = pathOf(target) ?? (target as { path: string }).path;
      const renamed = keep === 'both' ? [{ from: path, to: `${path} (B)` }] : [];
      return { path, changed: true, kept: keep, from: keep === 'b' ? `${path}!` : null, removed: [path], renamed };
    },
    status: async () => ({
      state: 'in-sync',
      peer: { address: '127.0.0.1:8081', connected: true },
      a: { files: 1, bytes: 661 },
      b: { files: 1, bytes: 661 },
      pending: 0,
      held: 0,
      locks: 0,
      conflicts: 0,
      problems: [],
      versions: { a: { files: 2, bytes: 1024 }, b: { files: 1, bytes: 512 } },
      paused: null,
      left: { files: 0, bytes: 0 },
      lastInSync: '2026-11-21T14:03:22.118Z',
    }),
    transfers: async () => ({
      transfers: [],
      left: { files: 0, bytes: 0 },
      done: { files: 0, bytes: 0 },
      percent: 0,
    }),
    flush: async (options) => {
      calls.push(['flush', options]);
      return { flushed: true, held: 0, problems: 0 };
    },
    rescan: async () => {},
    web: async () => ({ address: 'http://127.0.0.1:8082/#token' }),
    pause: async () => ({ changed: true }),
    resume: async (options) => {
      calls.push(['resume', options]);
      return { changed: true };
    },
    log: async (options) => {
      calls.push(['log', options]);
      const at = (id: number) => ({ time: `2026-11-21T14:03:2${id}.118Z`, run: 'abc', id });
      const synced = { action: 'created', from: 'a', to: 'b', bytes: 3, sent: 3, ms: 4 } as const;
      const events = paths.map((path, n) => ({ ...at(n), event: 'synced' as const, path, ...synced }));
      const { target, prefix = '' } = options ?? {};
      const wanted = target === undefined ? undefined : pathOf(target);
      return {
        events: events.filter(({ path }) => path.startsWith(prefix) && (target === undefined || path === wanted)),
      };
    },
    async *watch(options) {
      calls.push(['watch', options?.since]);
      yield { time: '2026-11-21T14:03:22.118Z', run: 'abc', id: 7, event: 'resumed', by: null };
    },
  };
}

/** The options of a transfer as far as a test compares them. */
function without(options: object | undefined): object {
  const { onProgress: _onProgress, signal: _signal, ...rest } = (options ?? {}) as Record<string, unknown>;
  return rest;
}

const existing = (path: string) => new SyncError('exists', `"${path}" exists already.`, { hint: 'Add --overwrite.' });
const gone = (target: unknown) => new SyncError('not-found', `There is no ${JSON.stringify(target)}.`);

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Given {
  readonly api?: Api;
  readonly connect?: Io['connect'];
  readonly shown?: ShownListing;
  readonly env?: Record<string, string>;
  readonly names?: ProgramNames;
  readonly stdin?: string;
  readonly terminal?: boolean;
  readonly stdinIsTerminal?: boolean;
  readonly signal?: AbortSignal;
}

/** Memory that lives as long as a test. */
export function memory(paths: readonly string[] | null = null): ShownListing & { paths: readonly string[] | null } {
  const kept = {
    paths,
    recall: () => kept.paths,
    record: (_: string, some: readonly string[]) => {
      kept.paths = some;
    },
  };
  return kept;
}

/** Runs one line of the client. */
export async function run(args: readonly string[], given: Given = {}): Promise<Run> {
  let out = '';
  let err = '';
  const code = await runLine(args, {
    env: given.env ?? {},
    names: given.names ?? PLAIN_NAMES,
    connect: given.connect ?? (async () => given.api ?? fakeApi(['a.txt', 'b.txt'])),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    bytes: async (data) => {
      out += Buffer.from(data).toString();
    },
    flush: () => {},
    shown: given.shown ?? memory(),
    signal: given.signal ?? new AbortController().signal,
    stdin: () => Readable.from([given.stdin ?? '']),
    stdinIsTerminal: given.stdinIsTerminal ?? false,
    stdoutIsTerminal: given.terminal ?? false,
    columns: undefined,
  });
  return { code, out, err };
}
