// Clients and a server-a that mean harm: one error reply and a closed connection at most, no growth, nothing half, and
// whoever else asks does not notice.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostileLine, hostileLine } from '../support/hostile.js';
import { Nonsense, seed } from '../support/nonsense.js';
import { PairOfPrograms, putWhole, textOf, treeOf, until } from '../support/programs.js';
import { sized } from '../support/sizes.js';

let pair: PairOfPrograms;
beforeAll(async () => {
  pair = new PairOfPrograms('here if short');
  putWhole(pair.a, 'own.txt', 'mine');
  await pair.startA('--peer', '127.0.0.1:1');
  await pair.serverA.wait('scan-finished');
  await pair.startB();
});
afterAll(async () => {
  // Server-a never saw server-b here: two servers, each with callers of its own.
  await pair.close();
});

const TEN = Buffer.alloc(10, 'x');
const FILE = { type: 'file', size: 10, mtime: 1_790_000_000_000_000, mode: 0o644, hash: 'a'.repeat(64) };
const json = (...items: unknown[]) => Buffer.from(JSON.stringify(items));
const change = (path: string, fields: object = {}) => ({
  path,
  action: 'created',
  before: null,
  after: FILE,
  ...fields,
});
const staged = (root: string) => fs.readdirSync(path.join(root, '.lockstep', 'staging'));

/** A connection that has said hello as server-a, and a lane of it. */
async function asServerA(): Promise<{ control: HostileLine; lane: HostileLine }> {
  const hello = (lane: boolean) => ({ protocol: 1, role: 'peer', root: 'hostile', lane });
  const control = await hostileLine(pair.portB);
  await control.ask(1, 'hello', hello(false));
  const lane = await hostileLine(pair.portB);
  await lane.ask(1, 'hello', hello(true));
  return { control, lane };
}

/** Begins an `apply` of these changes. */
async function apply(line: HostileLine, changes: Buffer, count = 1): Promise<void> {
  await line.send({ id: 2, method: 'apply', params: { count } });
  await line.send({ method: 'changes', params: { id: 2 } }, changes);
}
const piece = (fields: object = {}) => ({ method: 'content', params: { id: 2, n: 0, last: false, ...fields } });

describe('a hostile server-a', () => {
  const rows: [what: string, act: (line: HostileLine) => Promise<unknown>][] = [
    [
      'more than it announced',
      async (line) => [
        await apply(line, json(change('f'))),
        await line.send(piece(), TEN),
        await line.send(piece(), TEN),
      ],
    ],
    [
      'a content without end',
      async (line) => {
        await apply(line, json(change('f')));
        while (!line.isOver) await line.send(piece(), TEN);
      },
    ],
    [
      'pieces of nothing without end',
      async (line) => {
        await apply(line, json(change('f')));
        while (!line.isOver) await line.send(piece(), Buffer.alloc(0));
      },
    ],
    [
      'a content for what has none',
      async (line) => [
        await apply(line, json(change('none/d', { after: { type: 'dir', mode: 0o755 } }), change('f')), 2),
        await line.send(piece({ n: 1 }), TEN),
      ],
    ],
    ['more changes than it announced', (line) => apply(line, json(change('f'), change('g')))],
    [
      'changes without end',
      async (line) => {
        await line.send({ id: 2, method: 'apply', params: { count: 100_000 } });
        const many = json(...Array.from({ length: 300 }, (_, n) => change(`${`${'d'.repeat(200)}/`.repeat(9)}${n}`)));
        while (!line.isOver) await line.send({ method: 'changes', params: { id: 2 } }, many);
      },
    ],
    ['a change that leads out', (line) => apply(line, json(change('../f')))],
    ['a change of our own files', (line) => apply(line, json(change('.lockstep/server.json')))],
    [
      'a change whose source leads out',
      (line) => apply(line, json(change('f', { action: 'renamed', from: { path: '/etc/passwd', entry: FILE } }))),
    ],
    ['a change that keeps what it replaces outside', (line) => apply(line, json(change('f', { keepAs: '../../f' })))],
    ['a change that says two things', (line) => apply(line, json(change('f', { action: 'deleted' })))],
    [
      'no list where there should be one',
      async (line) => [
        await line.send({ id: 2, method: 'apply', params: { count: 1 } }),
        await line.send({ method: 'end', params: { id: 2 } }),
      ],
    ],
    [
      'a wish for what leads out',
      async (line) => [
        await line.send({ id: 2, method: 'read', params: { count: 1 } }),
        await line.send({ method: 'wanted', params: { id: 2 } }, json({ path: '../f', file: FILE })),
      ],
    ],
    [
      'a wish for a version that leads out',
      (line) => line.send({ id: 2, method: 'read-version', params: {} }, json({ path: '../../f', file: FILE })),
    ],
    ['a guard for what leads out', (line) => line.send({ id: 2, method: 'guard', params: { on: true } }, json('../f'))],
    [
      'a scan of what leads out',
      (line) => line.send({ id: 2, method: 'look', params: { scope: 'hinted' } }, json('/etc')),
    ],
    [
      'half a content, and hangs up',
      async (line) => {
        await apply(line, json(change('f')));
        await line.send(piece(), TEN.subarray(5));
        line.socket.destroy();
      },
    ],
  ];
  it.each(rows)('sends %s', async (_what, act) => {
    const { control, lane } = await asServerA();
    await act(lane);
    await lane.closed;
    for (const { error } of lane.heard.filter(({ id }) => id === 2))
      expect(['bad-message', 'too-large']).toContain(error?.data.code);
    expect((await control.ask(9, 'ping')).result).toEqual({ time: expect.any(Number) });
    expect(treeOf(pair.b)).toEqual({});
    await until(() => staged(pair.b).length === 0);
    control.socket.destroy();
    await control.closed;
  });

  it('hears nothing before hello, and nothing as another than the one that is served', async () => {
    const { control } = await asServerA();
    for (const method of ['look', 'read', 'apply', 'offer', 'sums', 'guard', 'versions', 'accept-deletes']) {
      const line = await hostileLine(pair.portB);
      const params = { scope: 'everything', count: 0, blockBytes: 4096, on: false, path: 'f' };
      // Whoever does not say hello as server-a is a client, and this server-a takes none.
      expect((await line.ask(1, method, params)).error?.data.code).toBe('unreachable');
      await line.closed;
    }
    const line = await hostileLine(pair.portB);
    const other = { protocol: 1, role: 'peer', root: 'another', lane: false };
    expect((await line.ask(20, 'hello', other)).error?.data.code).toBe('busy');
    expect((await line.ask(21, 'hello', { ...other, lane: true })).error?.data.code).toBe('not-allowed');
    line.socket.destroy();
    control.socket.destroy();
    await control.closed;
  });
});

describe('a hostile client', () => {
  const upload = async (line: HostileLine, fields: object = {}) => {
    await line.send({ id: 2, method: 'upload', params: { path: 'up.txt', owner: 'x', size: 10, ...fields } });
    await line.hear(({ method, id, error }) => method === 'ready' || (id === 2 && error !== undefined));
  };
  const content = (fields: object = {}) => ({ method: 'content', params: { id: 2, ...fields } });
  const rows: [what: string, act: (line: HostileLine) => Promise<unknown>][] = [
    [
      'more than it announced',
      async (line) => [await upload(line), await line.send(content(), TEN), await line.send(content(), TEN)],
    ],
    [
      'less than it announced',
      async (line) => [await upload(line), await line.send(content({ last: true, hash: FILE.hash }), TEN.subarray(1))],
    ],
    [
      'another content',
      async (line) => [await upload(line), await line.send(content({ last: true, hash: FILE.hash }), TEN)],
    ],
    [
      'something else',
      async (line) => [await upload(line), await line.send({ method: 'contents', params: { id: 2 } }, TEN)],
    ],
    [
      'a hash that is none',
      async (line) => [await upload(line), await line.send(content({ last: true, hash: 'x' }), TEN)],
    ],
    ['a size below nothing', (line) => upload(line, { size: -1 })],
    ['a size that no disk has', (line) => upload(line, { size: Number.MAX_SAFE_INTEGER })],
    ['a path that leads out', (line) => upload(line, { path: '../up.txt' })],
    ['a name that leads out', (line) => upload(line, { name: '../up.txt' })],
    ['a path of our own', (line) => upload(line, { path: '.lockstep/locks.log' })],
    ['a time that is none', (line) => upload(line, { mtime: 'yesterday' })],
    [
      'half, and hangs up',
      async (line) => [await upload(line), await line.send(content(), TEN.subarray(5)), line.socket.destroy()],
    ],
    [
      'half, and takes it back',
      async (line) => [
        await upload(line),
        await line.send(content(), TEN.subarray(5)),
        await line.send({ method: 'cancel', params: { id: 2 } }),
      ],
    ],
  ];
  it.each(rows)('uploads %s', async (_what, act) => {
    const line = await hostileLine(pair.portA);
    await act(line);
    if (!line.socket.destroyed)
      expect((await line.hear(({ id, method }) => id === 2 && method === undefined)).error).toBeDefined();
    expect((await pair.client('list')).stdout).toContain('own.txt');
    expect(Object.keys(treeOf(pair.a))).toEqual(['own.txt']);
    await until(() => staged(pair.a).length === 0);
    line.socket.destroy();
  });

  it('has more memory of requests under way than there is, and others still ask', async () => {
    // Each request waits, with its words, for a lock that somebody holds.
    expect((await pair.client('lock', 'own.txt', '--as', 'holder')).code).toBe(0);
    const lines = await Promise.all(Array.from({ length: sized(30, 200) }, () => hostileLine(pair.portA)));
    const params = { targets: [{ path: 'own.txt' }], owner: 'x', message: 'm'.repeat(4_000), wait: true };
    for (const line of lines) {
      for (let id = 1; id <= 100; id++) await line.send({ id, method: 'lock', params });
    }
    expect((await pair.client('list')).stdout).toContain('own.txt');
    for (const line of lines) line.socket.destroy();
    expect((await pair.client('unlock', 'own.txt', '--as', 'holder')).code).toBe(0);
    expect((await pair.client('locks')).stdout).not.toContain('mmmm');
  });
});

describe('nonsense', () => {
  const METHODS = [
    'hello',
    'list',
    'locks',
    'held',
    'lock',
    'unlock',
    'notices',
    'versions',
    'restore',
    'upload',
    'download',
    'ping',
  ];
  const PEER = [
    'hello',
    'look',
    'read',
    'apply',
    'offer',
    'sums',
    'guard',
    'versions',
    'look-version',
    'read-version',
    'event',
    'ping',
  ];

  it(`is answered or the connection closed, and the servers live on (LOCKSTEP_TEST_SEED=${seed})`, {
    timeout: sized(60_000, 1_800_000),
  }, async () => {
    const nonsense = new Nonsense(seed);
    for (const [port, methods] of [
      [() => pair.portA, METHODS],
      [() => pair.portB, PEER],
    ] as const) {
      let line = await hostileLine(port());
      for (let n = 0; n < sized(500, 100_000); n++) {
        if (line.isOver || line.socket.destroyed || n % 500 === 0) {
          line.socket.destroy();
          line = await hostileLine(port());
          if (n % 1_000 === 0)
            await line.ask(1, 'hello', {
              protocol: 1,
              role: methods === PEER ? 'peer' : 'client',
              root: 'r',
              lane: false,
            });
        }
        const { message, payload } = nonsense.message(methods);
        await line.send(message, payload);
      }
      line.socket.destroy();
    }
    expect((await pair.client('list')).stdout).toContain('own.txt');
    expect(textOf(pair.a, 'own.txt')).toBe('mine');
    expect(treeOf(pair.b)).toEqual({});
    expect(fs.readdirSync(pair.directory).sort()).toEqual(
      ['a', 'b', 'state'].filter((name) => fs.existsSync(path.join(pair.directory, name))),
    );
    const { control } = await asServerA();
    expect((await control.ask(9, 'ping')).result).toEqual({ time: expect.any(Number) });
    control.socket.destroy();
  });
});
