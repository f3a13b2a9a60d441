// The server side of a remote replica alone: who is accepted, what the first scan and later ones report, and that
// nobody is sent more than it reads. The connections are simulated.

import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import type { SyncError } from '../../../src/core/errors.js';
import type { SyncEvent } from '../../../src/core/events.js';
import type { Applied, Content, OpenDocuments, Replica, ScanResult } from '../../../src/replica.js';
import { Bandwidth } from '../../../src/sync/peer/bandwidth.js';
import { serveApply, serveOffer, serveRead, serveSums } from '../../../src/sync/peer/contents-server.js';
import { ReplicaServer } from '../../../src/sync/peer/replica-server.js';
import { versionMethods } from '../../../src/sync/peer/versions-server.js';
import { encodeRanges } from '../../../src/wire/peer-api/delta.js';
import { encodeList } from '../../../src/wire/peer-api/list.js';
import { encodeChanges, encodePaths, encodeWanted, parseApplied } from '../../../src/wire/peer-api/messages.js';
import { ScanReportReader } from '../../../src/wire/peer-api/scan-report.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { dir, file, p, turn } from '../../support/disk-site.js';
import { ScriptedReplica, scanPath } from '../../support/session-fixture.js';

/** A connection of which only its close matters. */
class Line {
  readonly sent: { readonly method?: string }[] = [];
  reason: Error | null | undefined;
  #end: (reason: Error | null) => void = () => {};
  readonly closed = new Promise<Error | null>((resolve) => {
    this.#end = resolve;
  });
  send = async (message: object) => void this.sent.push(message);
  close = (reason: Error | null = null) => {
    this.reason = reason;
    this.#end(reason);
  };
}

/** A call that accepts notifications when the test says so. */
function callOf(incoming: { method: string; params?: object; payload: Buffer | null }[] = []) {
  const sent: { method: string; params: object; payload: Buffer | undefined }[] = [];
  const state = { reads: true, waiting: [] as (() => void)[] };
  const signal = new AbortController();
  const call = {
    signal: signal.signal,
    incoming: (async function* () {
      for (const item of incoming) yield { params: {}, ...item };
    })(),
    notify: (method: string, params: object, payload?: Buffer) => {
      sent.push({ method, params, payload });
      return state.reads ? Promise.resolve() : new Promise<void>((resolve) => state.waiting.push(resolve));
    },
  };
  return { call: call as never, sent, state, signal };
}

function open(more: { above?: () => readonly string[] } = {}) {
  const replica = Object.assign(new ScriptedReplica(), {
    scanner: { snapshot: snapshotOf(tree('d/ d/x:1 l->x')) as never },
    guarded: [] as string[],
    guard: async (paths: readonly string[], on: boolean) => void replica.guarded.push(`${on} ${paths.join(' ')}`),
    tell: (_open: OpenDocuments) => {},
    onOpened: (listener: (open: OpenDocuments) => void) => {
      replica.tell = listener;
    },
  });
  const said: SyncEvent[] = [];
  const log = { event: (event: SyncEvent) => void said.push(event), detail: () => {}, warn: () => {} };
  const server = new ReplicaServer({ replica, rootId: 'root-b', version: '1', log, ...more });
  const line = new Line();
  const ask = (method: string, params: object = {}, on = line, payload: Buffer | null = null, call = callOf().call) =>
    server.methods(on as never)[method]!.handle(params, call, payload) as Promise<object>;
  const hello = (params: object = {}, on = line) =>
    ask('hello', { protocol: 1, role: 'peer', root: 'root-a', lane: false, ...params }, on);
  /** The result of a scan, as server-a reads it. */
  const scanOnce = async (found: ScanResult, asked: object = {}, paths: string[] = []): Promise<ScanResult> => {
    const { call, sent } = callOf();
    const [list] = [...encodePaths(paths.map(p))];
    const looking = ask('look', { scope: 'hinted', moving: true, ...asked }, line, list?.payload ?? null, call);
    await turn();
    replica.scans.at(-1)!.answer(found);
    const result = await looking;
    const reader = new ScanReportReader();
    for (const { method, payload } of sent) reader.take(method, payload!);
    return reader.finish(result);
  };
  return { replica, said, server, line, ask, hello, scanOnce };
}

const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error: SyncError) => error.code,
  );

describe('who is accepted', () => {
  test('is server-a, and gets the identity of the root', async () => {
    const { hello, said } = open({ above: () => ['root-c'] });
    expect(await hello()).toMatchObject({ protocol: 1, server: 'b', version: '1', root: 'root-b', above: ['root-c'] });
    expect(said).toEqual([{ event: 'peer-connected' }]);
  });

  test('a root without roots above has an empty list', async () => {
    expect(await open().hello()).toMatchObject({ above: [] });
  });

  test.each([
    ['of another protocol', { protocol: 2 }, 'bad-message'],
    ['that is a client', { role: 'client' }, 'not-allowed'],
    ['that is a content connection of no server-a', { lane: true }, 'not-allowed'],
  ])('is nobody %s', async (_, params, code) => {
    const { hello, said } = open();
    expect([await codeOf(hello(params)), said]).toEqual([code, []]);
  });

  test('is no second server-a, nor a content connection of one', async () => {
    const { hello, line } = open();
    await hello();
    expect(await codeOf(hello({ root: 'other' }, new Line()))).toBe('busy');
    expect(await codeOf(hello({ root: 'other', lane: true }, new Line()))).toBe('not-allowed');
    expect(line.reason).toBe(undefined);
  });

  test('is the same server-a again: its earlier connections are closed', async () => {
    const { hello, line, said } = open();
    await hello();
    const lane = new Line();
    await hello({ lane: true }, lane);
    const again = new Line();
    await hello({}, again);
    await turn();
    expect([line.reason?.message, lane.reason, again.reason]).toEqual([
      expect.stringContaining('anew'),
      null,
      undefined,
    ]);
    expect(said.map(({ event }) => event)).toEqual(['peer-connected', 'peer-connected']);
  });

  test('until the connection closes: then its others are closed, and another server-a may connect', async () => {
    const { hello, line, said, ask } = open();
    await hello();
    const [lane, gone] = [new Line(), new Line()];
    await hello({ lane: true }, lane);
    await hello({ lane: true }, gone);
    gone.close();
    await turn();
    expect(await codeOf(ask('ping', {}, gone))).toBe('not-allowed');
    expect(await codeOf(ask('ping', {}, lane))).toBe('done');
    line.close(new Error('cut'));
    await turn();
    expect([lane.reason, said.at(-1)]).toEqual([null, { event: 'peer-lost', reason: 'cut' }]);
    expect(await codeOf(ask('ping'))).toBe('not-allowed');
    const other = new Line();
    expect(await codeOf(hello({ root: 'other' }, other))).toBe('done');
    other.close();
    await turn();
    expect(said.at(-1)).toEqual({ event: 'peer-lost', reason: 'server-a closed the connection' });
  });

  test.each(['ping', 'look', 'accept-deletes', 'guard', 'offer', 'sums', 'read', 'apply', 'event', 'events'])(
    '%s is for nobody else',
    async (method) => {
      const { ask, replica } = open();
      expect(await codeOf(ask(method, { event: 'halted' }))).toBe('not-allowed');
      expect([replica.scans, replica.accepted, replica.guarded, replica.jobs]).toEqual([[], 0, [], []]);
    },
  );
});

describe('a scan', () => {
  const D = { type: 'dir', mode: 0o755 } as const;

  test('reports everything at first, whatever is new to the replica, and differences from then on', async () => {
    const { hello, scanOnce, replica } = open();
    await hello();
    const first = await scanOnce(scanPath('d/x:1'));
    expect(replica.scans.at(-1)!.scope).toBe('everything');
    expect([first.whole, first.entries.map(({ path }) => path)]).toEqual([true, ['d', 'd/x', 'l']]);
    expect(first.entries[0]!.entry).toEqual(D);
    expect(first.entries[2]!.entry).toEqual({ type: 'symlink', target: 'x', mtime: 1 });
    const next = await scanOnce(scanPath('y:1 -d/x', { whole: true }), {}, ['y']);
    expect(replica.scans.at(-1)).toMatchObject({ scope: 'hinted', paths: ['y'] });
    expect([next.whole, next.entries.map(({ path, entry }) => `${path} ${entry?.type ?? null}`)]).toEqual([
      false,
      ['d/x null', 'y file'],
    ]);
  });

  test('that was halted has not reported everything', async () => {
    const { hello, scanOnce } = open();
    await hello();
    const halt = { code: 'root-emptied', message: 'Empty.' } as const;
    expect(await scanOnce(scanPath('', { halt }))).toMatchObject({ halt, whole: false });
    expect(await scanOnce(scanPath(''))).toMatchObject({ whole: true, halt: null });
  });

  test('contains no signatures, which belong to this disk', async () => {
    const { hello, scanOnce } = open();
    await hello();
    await scanOnce(scanPath(''));
    const [entry] = [...tree('x:1').values()];
    const found = scanPath('', { entries: [{ path: p('x'), entry: { ...entry!, ino: 7 } as never }] });
    expect((await scanOnce(found)).entries[0]!.entry).toEqual(entry);
  });

  test('reports unsettled paths to a caller that asks for them', async () => {
    const { hello, scanOnce } = open();
    await hello();
    await scanOnce(scanPath(''));
    const found = scanPath('', { moving: [p('x')], unsettled: 1 });
    expect((await scanOnce(found)).moving).toEqual(['x']);
    expect((await scanOnce(found, { moving: false })).moving ?? []).toEqual([]);
  });

  test('reports once more what was changed while nobody was there any more to be told of it', async () => {
    const { hello, scanOnce, line, ask, replica } = open();
    await hello();
    await scanOnce(scanPath(''));
    const renamed = {
      action: 'renamed',
      before: null,
      after: file('x'),
      from: { path: p('x'), entry: file('x') },
    } as const;
    const [list] = [...encodeChanges([{ path: p('y'), ...renamed }])];
    const { call, signal } = callOf([{ method: 'changes', payload: list!.payload }]);
    const applying = ask('apply', { count: 1 }, line, null, call);
    await turn();
    signal.abort();
    await scanOnce(scanPath(''));
    const hints = () => line.sent.filter(({ method }) => method === 'hint').length;
    expect([replica.scans.at(-1)!.paths, hints()]).toEqual([[], 0]);
    replica.jobs[0]!.finish();
    await applying;
    expect(hints()).toBe(1);
    await scanOnce(scanPath('', { halt: { code: 'root-missing', message: 'Gone.' } }));
    await scanOnce(scanPath(''), {}, ['z', 'x']);
    expect(replica.scans.at(-1)!.paths).toEqual(['z', 'x', 'y']);
    await scanOnce(scanPath(''));
    expect(replica.scans.at(-1)!.paths).toEqual([]);
  });

  test('reports nothing once more of which all outcomes were told', async () => {
    const { hello, scanOnce, line, ask, replica } = open();
    await hello();
    await scanOnce(scanPath(''));
    const [list] = [...encodeChanges([{ path: p('x'), action: 'deleted', before: file('x'), after: null }])];
    const applying = ask(
      'apply',
      { count: 1 },
      line,
      null,
      callOf([{ method: 'changes', payload: list!.payload }]).call,
    );
    await turn();
    replica.jobs[0]!.finish();
    await applying;
    await scanOnce(scanPath(''));
    expect(replica.scans.at(-1)!.paths).toEqual([]);
  });

  test('of everything first waits for the applies of an earlier connection', async () => {
    const { hello, line, ask, replica } = open();
    await hello();
    const [list] = [...encodeChanges([{ path: p('x'), action: 'deleted', before: file('x'), after: null }])];
    const { call } = callOf([{ method: 'changes', payload: list!.payload }]);
    const applying = ask('apply', { count: 1 }, line, null, call);
    await turn();
    const again = new Line();
    await hello({}, again);
    const looking = ask('look', { scope: 'hinted' }, again);
    await turn();
    expect(replica.scans).toHaveLength(0);
    replica.jobs[0]!.finish();
    await applying;
    await turn();
    expect(replica.scans).toHaveLength(1);
    replica.scans[0]!.answer(scanPath(''));
    await looking;
  });
});

describe('other calls', () => {
  test('are passed on', async () => {
    const { hello, ask, replica, line } = open();
    await hello();
    expect([await ask('accept-deletes'), replica.accepted]).toEqual([{}, 1]);
    const [list] = [...encodePaths([p('x'), p('y')])];
    await ask('guard', { on: true }, line, list!.payload);
    await ask('guard', { on: false }, line, list!.payload);
    await ask('guard', { on: true });
    expect(replica.guarded).toEqual(['true x y', 'false x y', 'false ']);
  });

  test('a hint goes to the connected server-a', async () => {
    const { hello, replica, line } = open();
    replica.hint();
    await hello();
    replica.hint();
    expect(line.sent).toEqual([{ method: 'hint', params: {} }]);
  });

  test.each([
    ['halted', true],
    ['in-sync', true],
    ['listening', false],
    ['peer-connected', false],
    ['peer-lost', false],
    ['scan-started', false],
    ['scan-finished', false],
  ])('%s is said here too: %s', async (event, isSaid) => {
    const { hello, ask, said } = open();
    await hello();
    said.length = 0;
    await ask('event', { event });
    expect(said).toHaveLength(isSaid ? 1 : 0);
  });

  test('several in a list are said in their order, but those that this version does not know', async () => {
    const { hello, ask, said, line } = open();
    await hello();
    said.length = 0;
    const halted = { event: 'halted', code: 'root-missing', message: 'Gone.' };
    const resumed = { event: 'resumed', by: null };
    const told = [halted, { event: 'listening' }, { event: 'scan-started' }, { event: 'future' }, null, 7, resumed];
    const [list] = [...encodeList(told)];
    await ask('events', {}, line, list!.payload);
    expect(said).toEqual([halted, resumed]);
    await expect(ask('events', {}, line, Buffer.from('{}'))).rejects.toMatchObject({ code: 'bad-message' });
  });
});

describe('contents', () => {
  const content = (n: number, text: string): Content => ({ n, data: Buffer.from(text), last: true });
  const wanted = [...encodeWanted([{ path: p('x'), file: file('x') as never }])][0]!;

  test('are read no faster than they are sent', async () => {
    let given = 0;
    const replica = {
      read: async function* () {
        for (; given < 3; given++) yield content(0, `${given}`);
      },
    } as unknown as Replica;
    const { call, sent, state } = callOf([{ method: 'wanted', payload: wanted.payload }]);
    state.reads = false;
    let isOver = false;
    const reading = serveRead(replica, 1, call, () => {}, new Bandwidth()).then(() => {
      isOver = true;
    });
    for (let n = 0; n < 3; n++) {
      await turn();
      expect([sent.length, isOver]).toEqual([n + 1, false]);
      state.waiting.shift()!();
    }
    await reading;
  });

  test('take of the memory that there is for lists', async () => {
    const taken: number[] = [];
    const replica = { read: async function* () {} } as unknown as Replica; // nothing is read
    const { call } = callOf([{ method: 'wanted', payload: wanted.payload }]);
    await serveRead(replica, 1, call, (bytes) => void taken.push(bytes), new Bandwidth());
    expect(taken).toHaveLength(1);
    expect(taken[0]).toBeGreaterThan(wanted.payload.length);
  });

  test('are refused where the list of them is missing', async () => {
    const { call } = callOf([{ method: 'changes', payload: wanted.payload }]);
    await expect(serveRead({} as never, 1, call, () => {}, new Bandwidth())).rejects.toMatchObject({
      code: 'bad-message',
    });
    await expect(serveRead({} as never, 1, callOf().call, () => {}, new Bandwidth())).rejects.toMatchObject({
      code: 'bad-message',
    });
  });

  test('have no block sums where it is not said of which ranges, or where there is no content', async () => {
    const of = (after: Entry) => {
      const change = { path: p('x'), action: 'modified', before: file('old'), after } as const;
      return [...encodeChanges([change])][0]!.payload;
    };
    const ranges = { method: 'ranges', payload: encodeRanges([{ at: 0, bytes: 1_024 }]).payload };
    const refused = { code: 'bad-message' };
    await expect(serveSums({} as never, 1_024, callOf().call, of(file('new')))).rejects.toMatchObject(refused);
    await expect(serveSums({} as never, 1_024, callOf([ranges]).call, of(dir()))).rejects.toMatchObject(refused);
  });

  test('are refused where the list of them is longer than it was announced, before anything is read', async () => {
    const two = [...encodeWanted(['x', 'y'].map((path) => ({ path: p(path), file: file('x') as never })))][0]!;
    const { call } = callOf([{ method: 'wanted', payload: two.payload }]);
    await expect(serveRead({} as never, 1, call, () => {}, new Bandwidth())).rejects.toMatchObject({
      code: 'bad-message',
    });
  });

  test('are read as they come in several lists', async () => {
    const asked: string[] = [];
    const replica = {
      read: async function* (all: readonly { path: string }[]) {
        asked.push(...all.map(({ path }) => path));
      },
    } as unknown as Replica;
    const { call } = callOf([
      { method: 'wanted', payload: wanted.payload },
      { method: 'wanted', payload: [...encodeWanted([{ path: p('y'), file: file('y') as never }])][0]!.payload },
    ]);
    const taken: number[] = [];
    await serveRead(replica, 2, call, (bytes) => void taken.push(bytes), new Bandwidth());
    expect([asked, taken.length]).toEqual([['x', 'y'], 2]);
  });

  const changes: Change[] = ['x', 'y', 'z'].map((path) => ({
    path: p(path),
    action: 'deleted',
    before: file('x'),
    after: null,
  }));
  const given = () => ({ method: 'changes', payload: [...encodeChanges(changes)][0]!.payload });
  const applied = (sent: { payload: Buffer | undefined }[]) =>
    sent.map(({ payload }) => parseApplied(payload!).map(({ n }) => n));

  test('outcomes are sent in lists, and all before the answer', async () => {
    const replica = {
      apply: async function* (): AsyncGenerator<Applied> {
        yield { n: 0, outcome: { kind: 'done', sent: 0 } };
        yield { n: 1, outcome: { kind: 'stale' } };
        await turn();
        yield { n: 2, outcome: { kind: 'kept' } };
      },
    } as unknown as Replica;
    const { call, sent, state } = callOf([given()]);
    state.reads = false;
    let isOver = false;
    const soon: (() => void)[] = [];
    const applying = serveApply(
      replica,
      3,
      call,
      (act) => void soon.push(act),
      () => {},
    ).then(() => {
      isOver = true;
    });
    await turn();
    expect([soon.length, sent.length]).toEqual([1, 0]);
    soon.shift()!();
    await turn();
    await turn();
    expect([applied(sent), soon.length, isOver]).toEqual([[[0, 1]], 1, false]);
    state.waiting.shift()!();
    await turn();
    expect([applied(sent), isOver]).toEqual([[[0, 1], [2]], false]);
    state.waiting.shift()!();
    await applying;
  });

  test('the rest of a cancelled apply is not begun', async () => {
    let begun = 0;
    const { call, sent, signal } = callOf([given()]);
    const replica = {
      apply: async function* (): AsyncGenerator<Applied> {
        for (const n of [0, 1, 2]) {
          begun++;
          if (n === 1) signal.abort();
          yield { n, outcome: { kind: 'done', sent: 0 } };
        }
      },
    } as unknown as Replica;
    expect(
      await serveApply(
        replica,
        3,
        call,
        () => {},
        () => {},
      ),
    ).toEqual({});
    expect([begun, applied(sent)]).toEqual([2, [[0, 1]]]);
  });

  test('ends at the end marker of the caller', async () => {
    const taken: Content[] = [];
    const replica = {
      apply: async function* (_: unknown, contents: AsyncIterable<Content>): AsyncGenerator<Applied> {
        for await (const piece of contents) taken.push(piece);
        yield { n: 0, outcome: { kind: 'kept' } };
      },
    } as unknown as Replica;
    const made: Change[] = ['x', 'y'].map((path) => ({
      path: p(path),
      action: 'created',
      before: null,
      after: file('1'),
    }));
    const list = { method: 'changes', payload: [...encodeChanges(made)][0]!.payload };
    const piece = { method: 'content', params: { n: 0, last: true }, payload: Buffer.from('x') };
    await serveApply(
      replica,
      2,
      callOf([list, piece, { method: 'end', payload: null }, piece]).call,
      () => {},
      () => {},
    );
    expect(taken).toHaveLength(1);
    await serveApply(
      replica,
      2,
      callOf([list, piece]).call,
      () => {},
      () => {},
    );
    expect(taken).toHaveLength(2);
  });

  test('an offer reports what is there, and is empty where nothing is', async () => {
    const [list] = [...encodeChanges([{ path: p('x'), action: 'modified', before: file('x'), after: file('y') }])];
    const offering = (offer: object | null) => serveOffer({ offer: async () => offer } as never, list!.payload);
    expect(await offering(null)).toEqual({});
    expect(await offering({ have: 5, base: { size: 7 } })).toEqual({ have: 5, base: 7 });
    expect(await offering({ have: 5, base: null })).toEqual({ have: 5, base: null });
  });
});

describe('earlier contents', () => {
  const versions = Array.from({ length: 3 }, (_, n) => ({
    name: p(`x (${n})`),
    size: 1,
    mtime: 2,
    replaced: 3,
    reason: null,
  }));
  const versionReader = {
    list: async () => versions,
    entryOf: async (name: string) => file(name),
    read: async function* (name: string): AsyncGenerator<Content> {
      for (const n of [1, 2]) yield { n: 0, data: Buffer.from(`${name} ${n}`), last: n === 2 };
    },
  };
  const methods = versionMethods(versionReader as never, (params, handle) => ({ params, handle }), new Bandwidth());

  test('are listed, scanned and read', async () => {
    const listed = callOf();
    expect(await methods.versions!.handle({ path: 'x' }, listed.call, null)).toEqual({});
    expect(listed.sent.map(({ method }) => method)).toEqual(['versions']);
    expect(await methods['look-version']!.handle({ name: 'x (1)' }, listed.call, null)).toEqual({
      entry: file('x (1)'),
    });
    const read = callOf();
    read.state.reads = false;
    const list = [
      ...encodeWanted([
        { path: p('v'), file: file('v') as never },
        { path: p('w'), file: file('w') as never },
      ]),
    ][0]!;
    let isOver = false;
    const reading = methods['read-version']!.handle({}, read.call, list.payload).then(() => {
      isOver = true;
    });
    await turn();
    expect([read.sent.length, isOver]).toEqual([1, false]);
    for (let n = 0; n < 2; n++) {
      read.state.waiting.shift()!();
      await turn();
    }
    await reading;
    expect(read.sent.map(({ payload }) => payload?.toString())).toEqual(['v 1', 'v 2']);
  });
});

test('server-a is told what is open once it has said hello, at each change, and when it is back', async () => {
  const { replica, hello, line } = open();
  const opened = (on: Line) => on.sent.filter(({ method }) => method === 'opened').length;
  const document = { path: p('x'), app: 'Vim', owner: 'ann', account: null };
  await hello();
  await turn();
  expect(opened(line)).toBe(0);
  replica.tell({ account: 'server@b', documents: [] });
  replica.tell({ account: 'server@b', documents: [document] });
  expect(opened(line)).toBe(2);
  line.close();
  await turn();
  replica.tell({ account: 'server@b', documents: [] });
  expect(opened(line)).toBe(2);
  const again = new Line();
  await hello({}, again);
  expect(opened(again)).toBe(0);
  await turn();
  expect(opened(again)).toBe(1);
});
