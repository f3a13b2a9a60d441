// The Client against a server of a few lines that knows nothing of our wire room: plain text on a socket.

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { Connections } from '../../src/cli/connections.js';
import { Client } from '../../src/index.js';
import { entry, fakeApi } from '../cli/fake-context.js';

/** What `Connections` keeps. */
type Connection = ReturnType<typeof fakeApi> & { readonly closed: Promise<void>; close(): void };

type Asked = { id: number; method: string; params: Record<string, unknown> };
type Answers = Record<string, (asked: Asked, say: (message: object) => void, socket: Socket) => unknown>;

let server: Server | undefined;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
});

const HELLO = { protocol: 1, server: 'a', version: '0.1.0' };

/** Starts a server; an answer that is undefined is not sent. */
async function serverWith(answers: Answers, lineLengths: number[] = []): Promise<string> {
  server = createServer((socket) => {
    const say = (message: object) => socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      lineLengths.push(Buffer.byteLength(line));
      const asked = JSON.parse(line) as Asked;
      const answer = ({ hello: () => HELLO, ...answers } as Answers)[asked.method];
      const result = answer?.(asked, say, socket);
      if (result !== undefined) say({ id: asked.id, result });
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const connect = async (answers: Answers, lineLengths?: number[]) => {
  client = await Client.connect({ server: await serverWith(answers, lineLengths), user: 'ann' });
  return client;
};

describe('Client', () => {
  it('says hello, and joins a listing that comes in pieces', async () => {
    const { list } = await connect({
      list: ({ id }, say) => {
        say({ method: 'entries', params: { id, entries: [entry(0, 'a')] } });
        say({ method: 'entries', params: { id, entries: [entry(1, 'b')] } });
        return { generation: 3, entries: [entry(2, 'c')] };
      },
    }).then((one) => ({ list: () => one.list() }));
    expect(await list()).toEqual({ generation: 3, entries: [entry(0, 'a'), entry(1, 'b'), entry(2, 'c')] });
  });

  it.each([
    [{ ...HELLO, protocol: 2 }, 'failed', /uses version 2 of the protocol, this client version 1/],
    [{ ...HELLO, server: 'b' }, 'usage', /is not server-a/],
  ])('refuses %j in words', async (hello, code, message) => {
    const address = await serverWith({ hello: () => hello });
    await expect(Client.connect({ server: address })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('cuts many targets into lines that a server takes, and joins the answers', async () => {
    const lengths: number[] = [];
    const one = await connect(
      {
        lock: ({ params }) => ({
          targets: (params.targets as object[]).map((target) => ({ ...target, changed: true })),
        }),
      },
      lengths,
    );
    const paths = Array.from({ length: 3000 }, (_, i) => `some/漢字/${i}-${'x'.repeat(40)}`);
    const results = await one.lock(paths, { message: 'all', side: 'b' });
    expect(results.map(({ path }) => path)).toEqual(paths);
    expect(Math.max(...lengths)).toBeLessThan(64 * 1024);
    expect(lengths.length).toBeGreaterThan(3);
    expect(await one.lock([])).toEqual([]);
  });

  it('rejects with the code that the server gave', async () => {
    const data = { code: 'halted', hint: 'Type resume.' };
    const one = await connect({
      flush: ({ id }, say) => void say({ id, error: { code: -32000, message: 'Halted.', data } }),
    });
    await expect(one.flush()).rejects.toMatchObject({ code: 'halted', message: 'Halted.', hint: 'Type resume.' });
  });

  it('streams events in order, and ends quietly when it is told to', async () => {
    const one = await connect({
      watch: ({ id }, say) => {
        for (const port of [1, 2, 3]) {
          say({
            method: 'event',
            params: { request: id, time: 't', id: port, event: 'syncing', files: port, bytes: 1 },
          });
        }
      },
    });
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const event of one.watch({ signal: stop.signal })) {
      seen.push(event);
      if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual([1, 2, 3].map((port) => ({ time: 't', id: port, event: 'syncing', files: port, bytes: 1 })));
    await expect(one.events(AbortSignal.abort()).next()).resolves.toMatchObject({ done: true });
  });

  it('ends the stream with closed when the server goes away', async () => {
    const one = await connect({
      watch: ({ id }, say, socket) => {
        say({ method: 'event', params: { request: id, time: 't', id: 9, event: 'resumed', by: null } });
        socket.end();
      },
    });
    const events = one.events();
    expect((await events.next()).value).toEqual({ time: 't', id: 9, event: 'resumed', by: null });
    await expect(events.next()).rejects.toMatchObject({ code: 'closed' });
  });

  it('says where it looked for a server that is not there', async () => {
    const address = await serverWith({});
    await new Promise((resolve) => server!.close(resolve));
    server = undefined;
    await expect(Client.connect({ server: address })).rejects.toMatchObject({
      code: 'unreachable',
      message: `Cannot reach server-a at ${address}: connection refused.`,
    });
    await expect(Client.connect({ server: 'nonsense' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('Connections', () => {
  const address = { host: 'h', port: 1 };
  function dialled() {
    const made: (Connection & { lose(): void; over: boolean })[] = [];
    const connections = new Connections(async () => {
      let lose = () => {};
      const closed = new Promise<void>((resolve) => {
        lose = resolve;
      });
      const one = Object.assign(fakeApi([]), { closed, lose, over: false, close: () => {} });
      one.close = () => {
        one.over = true;
      };
      made.push(one);
      return one;
    });
    return { made, connections };
  }

  it('keeps one, and dials again when it is lost or another is wanted', async () => {
    const { made, connections } = dialled();
    const first = await connections.get(address, 'ann');
    expect(await connections.get(address, 'ann')).toBe(first);
    made[0]!.lose();
    await made[0]!.closed;
    await Promise.resolve();
    expect(await connections.get(address, 'ann')).toBe(made[1]);
    expect(await connections.get(address, 'bob')).toBe(made[2]);
    expect(made[1]!.over).toBe(true);
  });

  it('forgets a dial that failed', async () => {
    let tries = 0;
    const connections = new Connections<Connection>(() => Promise.reject(new Error(String(++tries))));
    await expect(connections.get(address, 'ann')).rejects.toThrow('1');
    await expect(connections.get(address, 'ann')).rejects.toThrow('2');
  });
});
