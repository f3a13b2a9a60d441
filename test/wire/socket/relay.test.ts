// A client, a relay and a server, over real sockets: what goes through, what waits, and how each end ends with the other.
import { once } from 'node:events';
import type net from 'node:net';
import * as v from 'valibot';
import { expect, it, onTestFinished } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { Method } from '../../../src/wire/rpc/responder.js';
import { serveRpc } from '../../../src/wire/rpc/responder.js';
import { relay } from '../../../src/wire/socket/relay.js';
import { dial } from '../../../src/wire/socket/tcp.js';
import { at, listening, overBoth, rawSocket, untilClosed } from '../ends.js';

const LOST = new SyncError('closed', 'Lost.', { hint: 'Again.' });
const REQUEST = '{"jsonrpc":"2.0","id":1,"method":"echo","params":{"n":1}}\n';
const LIMITS = { readerMs: 30_000, closeMs: 1_000 };

/** What the server does that answers. */
const METHODS: Record<string, Method> = {
  echo: { params: v.unknown() as never, handle: async (params) => params },
  wait: {
    params: v.unknown() as never,
    handle: (_params, { signal }) => new Promise((end) => signal.addEventListener('abort', () => end({}))),
  },
  flood: {
    params: v.unknown() as never,
    handle: async (_params, call) => {
      const piece = Buffer.alloc(2 ** 20);
      for (sent = 0; sent < 100; sent++) await call.notify('piece', {}, piece);
      return {};
    },
  },
};
/** The pieces that a flood has sent. */
let sent = 0;

/** @returns both ends of the relay, before they are joined, and the client. */
async function apart() {
  const { listener, accept } = await listening();
  const socket = await rawSocket(listener, { allowHalfOpen: true });
  const client = await accept();
  return { listener, accept, socket, client };
}

/** Joins a client with a server that answers by `METHODS`. */
async function joined(first = REQUEST, limits = LIMITS) {
  const { listener, accept, socket, client } = await apart();
  socket.write(first);
  await client.first;
  const answering = await dial({ ...at(listener), halfOpen: true });
  const server = await accept();
  onTestFinished(() => answering.close());
  const serving = serveRpc(answering, METHODS);
  const [one, other] = [await client.detach(), await server.detach()];
  relay(one!, other!, LOST, limits);
  return { socket, client, server, answering, serving };
}

function heardOf(socket: net.Socket): Promise<string[]> {
  socket.once('end', () => socket.end());
  return untilClosed(socket).then((text) => text.split('\n').slice(0, -1));
}

overBoth('a relay', () => {
  it('carries what came before it, what comes later, and the answers', async () => {
    const { socket } = await joined(`${REQUEST}{"jsonrpc":"2.0","id":2,"meth`);
    socket.write('od":"echo","params":{"n":2}}\n');
    const heard = heardOf(socket);
    socket.end('{"jsonrpc":"2.0","id":3,"method":"echo","params":{"n":3}}\n');
    expect((await heard).map((line) => JSON.parse(line).result)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('tells a client whose server is lost, once it has what was answered', async () => {
    const { socket, server } = await joined();
    await once(socket, 'data');
    const heard = heardOf(socket);
    server.close();
    expect((await heard).map((line) => JSON.parse(line))).toEqual([
      { jsonrpc: '2.0', id: null, error: expect.objectContaining({ message: 'Lost.' }) },
    ]);
  });

  it('adds nothing to what the server has said itself before it ended', async () => {
    const { socket } = await joined('{"jsonrpc":"2.0","id":1,"method":"wait"}\n');
    const heard = heardOf(socket);
    socket.write('nonsense\n');
    expect((await heard).map((line) => JSON.parse(line).error.data.code)).toEqual(['bad-message']);
  });

  it('ends the server of a client that is gone', async () => {
    const { socket, serving, client } = await joined('{"jsonrpc":"2.0","id":1,"method":"wait"}\n');
    socket.destroy();
    await Promise.all([serving, client.closed]);
  });

  it('ends a client that stays when all is answered', async () => {
    const { socket, answering, client } = await joined(REQUEST, { readerMs: 30_000, closeMs: 5 });
    await once(socket, 'data');
    answering.close();
    await client.closed;
  });

  it('ends a client that does not read the last answers', async () => {
    const { socket, server, client } = await joined('{"jsonrpc":"2.0","id":1,"method":"flood"}\n', {
      readerMs: 5,
      closeMs: 5,
    });
    socket.pause();
    await stillness();
    server.close();
    await client.closed;
  });

  it('stops the server while a client does not read, and goes on when it does', async () => {
    const { socket } = await joined('{"jsonrpc":"2.0","id":1,"method":"flood"}\n');
    socket.pause();
    await stillness();
    // The buffers of two connections of the system, and of this process.
    expect(sent).toBeLessThan(80);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.resume();
    while (bytes < 100 * 2 ** 20) await once(socket, 'data');
    expect(sent).toBe(100);
  });
});

/** Resolves when the flood has stopped: nothing more is sent during many turns of both ends. */
async function stillness(): Promise<void> {
  const { listener, accept } = await listening();
  const near = await rawSocket(listener);
  const far = await accept();
  for (let before = -1; before !== sent; ) {
    before = sent;
    for (let n = 0; n < 40; n++) {
      void far.send({ method: 'turn', params: {} });
      await once(near, 'data');
    }
  }
}

it('is not possible with a connection that has ended', async () => {
  const { client } = await apart();
  client.close();
  await client.closed;
  expect([await client.first, await client.detach()]).toEqual([null, null]);
});

it('leaves half a payload to come, and what was sent before is written first', async () => {
  const { client, socket } = await apart();
  socket.write(`${REQUEST}{"jsonrpc":"2.0","id":2,"method":"put","payload":6}\nabc`);
  await client.first;
  void client.send({ id: 1, result: { early: true } });
  const { rest, socket: own } = (await client.detach())!;
  expect(rest.toString()).toBe(`${REQUEST}{"jsonrpc":"2.0","id":2,"method":"put","params":{},"payload":6}\nabc`);
  expect((await once(socket, 'data')).toString()).toBe('{"jsonrpc":"2.0","id":1,"result":{"early":true}}\n');
  await expect(client.send({ id: 2, result: {} })).rejects.toMatchObject({ code: 'closed' });
  socket.write('def');
  expect((await once(own.resume(), 'data')).toString()).toBe('def');
  client.close();
  await client.closed;
});
