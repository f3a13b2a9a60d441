// Server-a's half of the clients of server-b: what it believes of them, and how many it takes.
import { describe, expect, test } from 'vitest';
import { PassedClients } from '../../../src/sync/peer/passed-clients.js';
import type { Frame } from '../../../src/wire/frame/json-rpc.js';
import { AsyncQueue } from '../../../src/wire/socket/async-queue.js';
import type { Connection } from '../../../src/wire/socket/connection.js';
import { turn } from '../../support/disk-site.js';

/** A connection to server-b. */
class Line {
  readonly remote = '10.9.9.9:8081';
  readonly sent: object[] = [];
  readonly frames = new AsyncQueue<Frame>();
  isClosed = false;
  #end: (reason: null) => void = () => {};
  readonly closed = new Promise<null>((resolve) => {
    this.#end = resolve;
  });
  send = async (message: object) => void this.sent.push(message);
  close = () => {
    this.isClosed = true;
    this.frames.end();
    this.#end(null);
  };
  answer = (message: object) => this.frames.put({ message, payload: null } as never);
}

const ANNA = { client: 4, from: '10.0.0.7:5', person: { name: 'anna', role: 'user' } };

function open(most?: number) {
  const lines: Line[] = [];
  const served: Connection[] = [];
  const asked: object[] = [];
  const dial = async (how: object) => {
    asked.push(how);
    lines.push(new Line());
    return lines.at(-1) as never;
  };
  const serve = (connection: Connection) => void served.push(connection);
  const clients = new PassedClients({ link: { dial }, root: 'root-a', serve, ...(most === undefined ? {} : { most }) });
  return { clients, lines, served, asked };
}

describe('a client of server-b', () => {
  test('is served on a connection of its own, as server-b has told of it', async () => {
    const { clients, lines, served, asked } = open();
    clients.take(ANNA);
    await turn();
    expect(asked).toMatchObject([{ halfOpen: true }]);
    const params = { protocol: 1, role: 'peer', root: 'root-a', lane: true, client: 4 };
    expect([lines[0]!.sent, served]).toEqual([[{ id: 1, method: 'hello', params }], []]);
    lines[0]!.answer({ id: 1, result: { server: 'b' } });
    await turn();
    const [connection] = served;
    expect(connection).toMatchObject({ side: 'b', remote: '10.0.0.7:5', person: { name: 'anna', role: 'user' } });
    expect(connection!.room?.()).toBe(null);
    void connection!.send({ id: 2, result: {} });
    expect(lines[0]!.sent).toHaveLength(2);
    lines[0]!.answer({ id: 3, method: 'list', params: {} });
    for await (const { message } of connection!.frames) {
      expect(message).toMatchObject({ method: 'list' });
      break;
    }
    connection!.close();
    expect(lines[0]!.isClosed).toBe(true);
  });

  test.each([
    ['is refused', { id: 1, error: { code: -32000, message: 'Gone.', data: { code: 'closed', hint: '' } } }],
    ['is passed on too early', { id: 5, method: 'list', params: {} }],
  ])('that %s is not served', async (_what, message) => {
    const { clients, lines, served } = open();
    clients.take(ANNA);
    await turn();
    lines[0]!.answer(message);
    await turn();
    expect([served, lines[0]!.isClosed]).toEqual([[], true]);
  });

  test('whose connection ends at once is not served', async () => {
    const { clients, lines, served } = open();
    clients.take(ANNA);
    await turn();
    lines[0]!.close();
    await turn();
    expect(served).toEqual([]);
  });

  test.each([
    ['nothing', {}],
    ['no number', { ...ANNA, client: 0 }],
    ['no place', { ...ANNA, from: '' }],
    ['a place without end', { ...ANNA, from: 'x'.repeat(300) }],
    ['a name that no key has', { ...ANNA, person: { name: '../x', role: 'user' } }],
    ['a role that is none', { ...ANNA, person: { name: 'anna', role: 'root' } }],
    ['nobody in particular', { client: 1, from: 'x' }],
  ])('of which server-b tells %s is a violation of the protocol', (_what, params) => {
    const { clients, asked } = open();
    expect(() => clients.take(params)).toThrow(expect.objectContaining({ code: 'bad-message' }));
    expect(asked).toEqual([]);
  });
});

test('no more are taken than may be, and others when some have ended', async () => {
  const { clients, lines } = open(2);
  for (let client = 1; client <= 5; client++) clients.take({ ...ANNA, client });
  await turn();
  expect(lines).toHaveLength(2);
  lines[0]!.close();
  await turn();
  clients.take({ ...ANNA, client: 6 });
  await turn();
  expect(lines).toHaveLength(3);
});

test('all end with server-b, and none is taken afterwards', async () => {
  const { clients, lines } = open();
  clients.take(ANNA);
  await turn();
  lines[0]!.answer({ id: 1, result: { server: 'b' } });
  clients.take({ ...ANNA, client: 5 });
  clients.close();
  await turn();
  clients.take({ ...ANNA, client: 6 });
  await turn();
  expect(lines.map(({ isClosed }) => isClosed)).toEqual([true, true]);
});
