// The methods that clients call, on a simulated session: what they ask of it, and what they answer.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import { ClientServer } from '../../../src/sync/clients/methods.js';
import { EventHistory } from '../../../src/sync/events/history.js';
import type { ClientWrite } from '../../../src/sync/files/write.js';
import type { Method } from '../../../src/wire/rpc/responder.js';
import { file, p } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

const COPY = 'x (conflict B 2026-11-21 14-03-22)';

function open() {
  const fixture = new LockFixture({ x: file('x'), y: file('y') });
  const asked: string[] = [];
  const state = { halt: null as SyncError | null, changes: true, accepts: true };
  const history = new EventHistory({ run: 'abc', now: () => new Date(0) });
  const session = {
    lockService: { ask: async () => ({ path: 'x', changed: true }), automatic: { appAt: () => null } },
    writes: {
      ask: async ({ owner, paths, decide }: ClientWrite) => {
        decide((at) => fixture.pair.entry('a', at));
        asked.push(`${owner} writes ${paths.join(' ')}`);
        return [];
      },
    },
    status: {
      state: 'in-sync',
      isConnected: true,
      hasSeenB: true,
      pending: 0,
      problems: () => [{ path: 'x', code: 'unreadable', message: '' }],
      left: () => ({ files: 1, bytes: 2 }),
      lastInSync: null,
      progressOf: () => null,
      transfers: () => ({ transfers: [], left: { files: 1, bytes: 2 } }),
    },
    paused: null,
    flush: async (signal: AbortSignal) => void asked.push(`flush ${signal.aborted}`),
    rescan: () => void asked.push('rescan'),
    pause: async (on: boolean, by = 'unknown') => {
      asked.push(`${on ? 'pause' : 'go on'} by ${by}`);
      return state.changes;
    },
    confirm: async (what: object, by: string) => {
      asked.push(`accept ${Object.keys(what).join(' ')} by ${by}`);
      return state.accepts;
    },
    get halt() {
      return state.halt;
    },
  };
  const versionReader = {
    list: async () => [
      { name: 'v1', size: 1, mtime: 1_000_000, replaced: 2_000, reason: 'overwritten' },
      { name: 'v2', size: 2, mtime: 1_000_000, replaced: 3_000, reason: 'deleted' },
    ],
    entryOf: async (name: string) => {
      asked.push(`reads ${name}`);
      return file(name);
    },
  };
  const server = new ClientServer({
    session: session as never,
    pair: fixture.pair,
    lockState: fixture.lockState,
    local: {} as never,
    replica: () => null,
    versionReader: (side) => (side === 'a' ? (versionReader as never) : null),
    roots: () => ({ a: 'root-a', b: null }),
    version: '1.2.3',
    serverB: () => ({ version: '1.2.2', aheadMs: -40 }),
    peer: 'host:1',
    audit: { write: async () => {} },
    page: () => null,
    events: { history, directory: { use: () => [] }, written: async () => {} } as never,
  });
  const methods = server.methods();
  const signal = new AbortController();
  const told: object[] = [];
  const call = {
    connection: {},
    signal: signal.signal,
    notify: async (_: string, params: object) => void told.push(params),
  };
  const ask = (method: string, params: object = {}, by: object = call): ReturnType<Method['handle']> =>
    methods[method]!.handle(params, by as never, null);
  const hold = (path: string) =>
    fixture.lockState.dispatch({
      kind: 'hold',
      path: p(path),
      base: file('1'),
      after: file('22'),
      file: null,
      now: 1_000,
    });
  const lock = (path: string) =>
    fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner: 'ann', side: 'a', message: '', now: 1_000 });
  return { fixture, asked, state, history, signal, told, call, ask, hold, lock, methods };
}

const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: SyncError) => error.code,
  );

describe('hello', () => {
  test('returns the role and the version', async () => {
    const { ask } = open();
    expect(await ask('hello', { protocol: 1, role: 'client' })).toEqual({
      ...{ protocol: 1, server: 'a', version: '1.2.3' },
      roots: { a: 'root-a', b: null },
    });
  });

  test.each([
    [{ protocol: 2, role: 'client' }, 'bad-message'],
    [{ protocol: 1, role: 'peer' }, 'not-allowed'],
  ])('of %j is refused', async (params, code) => {
    expect(await codeOf(open().ask('hello', params))).toBe(code);
  });
});

test.each<[it: string, params: object, events: number]>([
  ['everything', {}, 1],
  ['what is as old as is said', { ageMs: 4e12 }, 1],
  ['nothing that is older', { ageMs: 3_600_000 }, 0],
  ['what came since a time', { since: '1969-12-31T00:00:00.000Z' }, 1],
  ['nothing that came before', { since: '1970-01-01T00:00:01.000Z' }, 0],
  ['what came since the later of both', { since: '1969-12-31T00:00:00.000Z', ageMs: 4e12 }, 1],
  ['nothing that came before the later of both', { since: '1969-12-31T00:00:00.000Z', ageMs: 3_600_000 }, 0],
])('the log has %s', async (_, params, events) => {
  const { ask, history } = open();
  history.add({ event: 'scan-started' });
  const answer = (await ask('log', params)) as { readonly events: readonly object[] };
  expect(answer.events).toHaveLength(events);
});

test('every method checks its parameters', () => {
  const { methods } = open();
  expect(Object.entries(methods).filter(([, { params }]) => params === undefined)).toEqual([]);
  expect(Object.keys(methods)).toContain('hello');
});

describe('locks and held updates', () => {
  test('are listed with waiters and held updates', async () => {
    const { ask, lock, hold, fixture } = open();
    lock('x');
    lock('y');
    hold('x');
    hold('x');
    fixture.lockState.dispatch({
      kind: 'lock',
      path: p('x'),
      owner: 'bob',
      side: 'a',
      message: '',
      line: 7,
      now: 2_000,
    });
    for (const by of ['bob', 'cyd'])
      fixture.lockState.dispatch({ kind: 'ask', path: p('x'), by, message: 'at noon', now: 3_000 });
    const listed = await ask('locks');
    const asked = { message: 'at noon', time: '1970-01-01T00:00:03.000Z' };
    expect((listed as { locks: { asked?: object[] }[] }).locks.map((lock) => lock.asked)).toEqual([
      [
        { by: 'bob', ...asked },
        { by: 'cyd', ...asked },
      ],
      undefined,
    ]);
    expect(listed).toMatchObject({
      locks: [
        {
          path: 'x',
          owner: 'ann',
          side: 'a',
          since: '1970-01-01T00:00:01.000Z',
          expires: null,
          held: 2,
          waiting: [{ owner: 'bob', since: '1970-01-01T00:00:02.000Z' }],
        },
        { path: 'y', held: 0, waiting: [] },
      ],
    });
  });

  test('of one path or of all, in order', async () => {
    const { ask, lock, hold } = open();
    for (const path of ['x', 'y']) lock(path);
    for (const path of ['x', 'x', 'y']) hold(path);
    const { held } = (await ask('held')) as { held: { path: string; position: number }[] };
    expect(held.map(({ path, position }) => `${path} ${position}`)).toEqual(['x 1', 'x 2', 'y 1']);
    expect(held[0]).toMatchObject({
      action: 'modified',
      size: 2,
      received: '1970-01-01T00:00:01.000Z',
      base: file('1').hash,
    });
    expect(await ask('held', { target: { path: 'y' } })).toMatchObject({ held: [{ path: 'y' }] });
  });

  test('notices are empty where there are none', async () => {
    expect(await open().ask('notices', { owner: 'ann' })).toEqual({ notices: [] });
  });
});

describe('files', () => {
  test('are listed, by both sides', async () => {
    const { entries } = (await open().ask('list')) as { entries: object[] };
    expect(entries).toMatchObject([
      { path: 'x', on: 'both' },
      { path: 'y', on: 'both' },
    ]);
  });

  test('their versions are listed, the newest first, with the sides that cannot be asked', async () => {
    const { ask } = open();
    expect(await ask('versions', { target: { index: 0 } })).toMatchObject({
      versions: [
        { n: 1, size: 2, side: 'a', reason: 'deleted', replaced: '1970-01-01T00:00:03.000Z' },
        { n: 2, size: 1, reason: 'overwritten' },
      ],
      away: ['b'],
    });
  });

  test.each([
    [{}, 1, 'v2'],
    [{ at: 2 }, 2, 'v1'],
  ])('a version is restored, the newest unless another is asked for: %j', async (which, at, name) => {
    const { ask, asked } = open();
    expect(await ask('restore', { target: { path: 'x' }, owner: 'ann', ...which })).toMatchObject({ path: 'x', at });
    expect(asked).toEqual([`reads ${name}`, 'ann writes x']);
    expect(await codeOf(ask('restore', { target: { path: 'x' }, owner: 'ann', at: 3 }))).toBe('not-found');
  });

  test('conflict copies are listed and resolved', async () => {
    const { ask, asked, fixture } = open();
    expect(await ask('conflicts')).toEqual({ conflicts: [] });
    for (const side of ['a', 'b'] as const) fixture.found(side, COPY, file('other'));
    expect(await ask('conflicts')).toMatchObject({ conflicts: [{ path: 'x', copy: COPY, side: 'b', size: 5 }] });
    await ask('resolve', { target: { path: 'x' }, owner: 'ann', keep: 'a' });
    expect(asked).toEqual([expect.stringMatching(/^ann writes .*x/)]);
  });
});

describe('calls to the session', () => {
  test.each<[string, object, string[], object]>([
    ['rescan', {}, ['rescan'], { rescanning: true }],
    ['pause', {}, ['pause by unknown'], { changed: true }],
    ['pause', { owner: 'ann' }, ['pause by ann'], { changed: true }],
    ['resume', { owner: 'ann' }, ['go on by ann'], { changed: true }],
    [
      'resume',
      { acceptDeletes: true, owner: 'ann' },
      ['accept acceptDeletes by ann', 'go on by ann'],
      { changed: true },
    ],
    ['flush', {}, ['flush false'], { flushed: true, held: 1, problems: 1 }],
    ['transfers', {}, [], { transfers: [], left: { files: 1, bytes: 2 } }],
    ['ping', {}, [], {}],
  ])('%s %j', async (method, params, asked, answer) => {
    const scene = open();
    scene.lock('x');
    scene.hold('x');
    expect(await scene.ask(method, params)).toEqual(answer);
    expect(scene.asked).toEqual(asked);
  });

  test.each<[changes: boolean, accept: boolean | null, halted: boolean, outcome: unknown]>([
    [false, null, false, { changed: false }],
    [false, true, false, { changed: true }],
    [false, true, true, { changed: true }],
    [true, false, false, { changed: true }],
    [false, false, true, 'halted'],
    [true, null, true, 'halted'],
  ])('to go on: paused %s, accepted %s, halted %s', async (changes, accept, halted, outcome) => {
    const { ask, state } = open();
    Object.assign(state, { changes, accepts: accept === true, halt: halted ? new SyncError('halted', 'H.') : null });
    const asking = ask('resume', accept === null ? {} : { acceptDeletes: true });
    expect(await asking.catch((error: SyncError) => error.code)).toEqual(outcome);
  });
});
