// Who is who at server-b's port, and what becomes of a client that server-a does not take. The connections are simulated.
import { duplexPair } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { Person } from '../../../src/core/person.js';
import { PassingOn } from '../../../src/sync/peer/passing-on.js';
import type { Message } from '../../../src/wire/frame/json-rpc.js';
import { turn } from '../../support/disk-site.js';

/** A connection that says what the test says first. */
class Line {
  readonly remote = '10.0.0.7:5';
  readonly sent: { readonly id?: unknown; readonly params?: object; readonly error?: { data: { code: string } } }[] =
    [];
  readonly #ends = duplexPair();
  /** What the relay uses, and the other end of it. */
  readonly socket = this.#ends[0];
  readonly far = this.#ends[1];
  isClosed = false;
  say: (first: Message | null) => void = () => {};
  readonly first = new Promise<Message | null>((resolve) => {
    this.say = resolve;
  });
  #end: (reason: Error | null) => void = () => {};
  readonly closed = new Promise<Error | null>((resolve) => {
    this.#end = resolve;
  });

  constructor(readonly person: Person | null = null) {}
  send = async (message: object) => void this.sent.push(message);
  close = (reason: Error | null = null) => {
    this.isClosed = true;
    this.say(null);
    this.#end(reason);
  };
  detach = async () => (this.isClosed ? null : { socket: this.socket, rest: Buffer.from('rest') });
}

const LIMITS = { connections: 3, unauthenticated: 2, idleMs: 60_000, passOnMs: 60_000 };
const LIST = { id: 'mine', method: 'list', params: {} };
const hello = (more: object = {}) => ({ id: 1, method: 'hello', params: { protocol: 1, role: 'peer', ...more } });

function open({ limits = LIMITS, takesClients = true, isThere = true } = {}) {
  const control = new Line();
  const served: unknown[] = [];
  const greeted: object[] = [];
  const server = {
    peer: isThere ? { control: control as never, takesClients } : null,
    hello: (params: { root: string }) => {
      if (params.root === 'other') throw new SyncError('busy', 'Another.');
      greeted.push(params);
      return { server: 'b' };
    },
  };
  const passing = new PassingOn(server, (connection) => void served.push(connection), limits);
  const come = async (first: Message | null, line = new Line()): Promise<Line> => {
    void passing.take(line as never);
    line.say(first);
    await turn();
    return line;
  };
  const codeOf = (line: Line) => line.sent.at(-1)?.error?.data.code;
  return { passing, control, served, greeted, server, come, codeOf };
}

describe('who is who', () => {
  test.each([
    ['hello as server-a', hello(), true],
    ['hello as a client', hello({ role: 'client' }), false],
    ['hello without a role', { id: 1, method: 'hello', params: {} }, false],
    ['a notification of that name', { method: 'hello', params: { role: 'peer' } }, false],
    ['a method of server-a without hello', { id: 1, method: 'look', params: {} }, false],
    ['an answer', { id: 1, result: {} }, false],
  ])('%s', async (_what, first, isServerA) => {
    const { come, served, control } = open();
    const line = await come(first);
    expect([served[0] === line, served.length, control.sent.length]).toEqual(isServerA ? [true, 1, 0] : [false, 0, 1]);
  });

  test('who ends before the first message is closed', async () => {
    const { come, control } = open();
    expect([(await come(null)).isClosed, control.sent]).toEqual([true, []]);
  });

  test('of those that say nothing the oldest makes room, and each has its time', async () => {
    const { passing } = open({ limits: { ...LIMITS, idleMs: 5 } });
    const lines = [new Line(), new Line(), new Line()];
    for (const line of lines) void passing.take(line as never);
    expect(lines.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
    await Promise.all(lines.map(({ closed }) => closed));
  });
});

describe('a client', () => {
  test('is told to server-a with where it comes from and who it is, and joined with its connection', async () => {
    const { come, control, greeted } = open();
    const anna = await come(LIST, new Line({ name: 'anna', role: 'user' }));
    const nobody = await come(LIST);
    const from = '10.0.0.7:5';
    expect(control.sent).toEqual([
      { method: 'client', params: { client: 1, from, person: { name: 'anna', role: 'user' } } },
      { method: 'client', params: { client: 2, from, person: null } },
    ]);
    const carrier = await come(hello({ root: 'a', client: 1 }));
    expect(greeted).toMatchObject([{ root: 'a', lane: true, client: 1 }]);
    expect(carrier.sent).toEqual([{ id: 1, result: { server: 'b' } }]);
    expect(String(carrier.far.read())).toBe('rest');
    expect([anna.sent, nobody.sent, nobody.isClosed]).toEqual([[], [], false]);
  });

  test.each([
    ['without a server-a', { isThere: false }, 'unreachable'],
    ['with one of an earlier version', { takesClients: false }, 'unreachable'],
    ['that server-a does not take', { limits: { ...LIMITS, passOnMs: 5 } }, 'unreachable'],
    ['beyond the limit', { limits: { ...LIMITS, connections: 0 } }, 'busy'],
  ])('%s is told so, as the answer to what it asked', async (_what, how, code) => {
    const { come, codeOf } = open(how);
    const line = await come(LIST);
    await line.closed;
    expect([codeOf(line), line.sent[0]!.id]).toEqual([code, 'mine']);
  });

  test('that only notifies is told so, too', async () => {
    const { come } = open({ isThere: false });
    expect((await come({ method: 'list', params: {} })).sent[0]!.id).toBe(null);
  });

  test('makes room when it has ended', async () => {
    const { come, codeOf } = open();
    const lines = [await come(LIST), await come(LIST), await come(LIST)];
    expect(codeOf(await come(LIST))).toBe('busy');
    lines[0]!.close();
    await turn();
    expect((await come(LIST)).sent).toEqual([]);
  });

  test('that waits when server-a is lost is told so; one that waits for the next is not', async () => {
    const { come, codeOf, control, server } = open();
    const [early, again] = [await come(LIST), await come(LIST)];
    const next = new Line();
    server.peer = { control: next as never, takesClients: true };
    const late = await come(LIST);
    control.close();
    await turn();
    expect([early, again, late].map(codeOf)).toEqual(['closed', 'closed', undefined]);
    expect([early.isClosed, late.isClosed]).toEqual([true, false]);
  });
});

describe('a connection for a client', () => {
  test.each([
    ['that was never told', 7],
    ['of a number that is none', -1],
  ])('%s is refused', async (_what, client) => {
    const { come, codeOf } = open();
    const line = await come(hello({ root: 'a', client }));
    expect([codeOf(line), line.isClosed]).toEqual([client < 0 ? 'bad-params' : 'closed', true]);
  });

  test('of another server-a is refused, and the client goes on waiting', async () => {
    const { come, codeOf } = open();
    const client = await come(LIST);
    expect(codeOf(await come(hello({ root: 'other', client: 1 })))).toBe('busy');
    expect((await come(hello({ root: 'a', client: 1 }))).sent).toMatchObject([{ result: {} }]);
    expect(client.sent).toEqual([]);
  });

  test('is taken once', async () => {
    const { come, codeOf } = open();
    await come(LIST);
    await come(hello({ root: 'a', client: 1 }));
    expect(codeOf(await come(hello({ root: 'a', client: 1 })))).toBe('closed');
  });

  test('that ends before it is joined ends its client, with the reason', async () => {
    const { come, codeOf } = open();
    const client = await come(LIST);
    const carrier = new Line();
    carrier.detach = vi.fn(async () => null);
    await come(hello({ root: 'a', client: 1 }), carrier);
    expect([codeOf(client), client.isClosed]).toEqual(['closed', true]);
  });

  test('for a client that is gone ends', async () => {
    const { come } = open();
    const client = new Line();
    client.detach = vi.fn(async () => null);
    await come(LIST, client);
    expect((await come(hello({ root: 'a', client: 1 }))).isClosed).toBe(true);
  });
});
