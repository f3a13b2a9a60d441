// Without a secret, a server on this machine is for its own user and root, and so is a connection to one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import { serveRpc } from '../../../src/wire/rpc/responder.js';
import { checkListener, refusalOf } from '../../../src/wire/socket/local-users.js';
import { listen } from '../../../src/wire/socket/tcp.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const onLinux = process.platform === 'linux';
const open: { close(): unknown }[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const echo = { echo: { params: v.object({}), handle: async () => ({ heard: true }) } };
const ASK = '{"jsonrpc":"2.0","id":1,"method":"echo"}\n';

/** A server as the programs have one; @returns where it listens, and whom it has refused. */
async function server(options: { host?: string; allowLocal?: boolean } = {}) {
  const refused: SyncError[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    ...options,
    onRefused: (error) => refused.push(error),
    onConnection: (connection) => void serveRpc(connection, echo),
  });
  open.push(listener);
  return { port: listener.port, refused };
}

/** Runs a program of ours as nobody; @returns all it says. */
function asNobody(source: string): { child: ChildProcess; said: Promise<string> } {
  const child = spawn(process.execPath, ['-e', source], { uid: NOBODY, gid: NOBODY, cwd: '/', env: {} });
  children.push(child);
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
  });
  return { child, said: once(child, 'close').then(() => text) };
}

const askAt = (port: number, host = '127.0.0.1') => `
  const socket = require('net').connect(${port}, '${host}', () => socket.end(${JSON.stringify(ASK)}));
  socket.on('data', (chunk) => process.stdout.write(chunk)).on('error', (error) => console.log(error.code));
`;

/** Says `ASK` in one way or another and @returns what comes back. */
async function heard(port: number, host: string, say: (socket: net.Socket) => void): Promise<string> {
  const socket = net.connect({ port, host, allowHalfOpen: true }, () => say(socket));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

describe.runIf(onLinux)('a caller on this machine', () => {
  it.runIf(isRoot)('is refused as another user, with a message and before any answer', async () => {
    const { port, refused } = await server();
    const said = await asNobody(askAt(port)).said;
    const { error } = JSON.parse(said) as { error: { data: { code: string; hint: string } } };
    expect(error.data).toMatchObject({ code: 'not-allowed', hint: expect.stringContaining('--allow-local') });
    expect(said).not.toContain('heard');
    await asNobody(askAt(port)).said;
    expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining(`uid ${NOBODY}`)]);
  });

  it.runIf(isRoot)('is refused on IPv6 too', async () => {
    const { port } = await server({ host: '::1' });
    expect(await asNobody(askAt(port, '::1')).said).toContain('not-allowed');
  });

  it.runIf(isRoot)('is served as another user where that is allowed', async () => {
    const { port } = await server({ allowLocal: true });
    expect(await asNobody(askAt(port)).said).toContain('heard');
  });

  const ways: [what: string, say: (socket: net.Socket) => void][] = [
    ['who asks and says it was all, as nc -N', (socket) => socket.end(ASK)],
    [
      'who asks and goes on listening, as nc',
      (socket) => void socket.write(ASK, () => setImmediate(() => socket.end())),
    ],
    [
      'who asks in single bytes',
      (socket) => {
        for (const byte of ASK) socket.write(byte);
        socket.end();
      },
    ],
  ];
  it.each(ways)('is answered: %s', async (_what, say) => {
    const { port } = await server();
    expect(await heard(port, '127.0.0.1', say)).toContain('heard');
  });

  it.each([
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
    ['127.0.0.1', '127.0.0.1'],
  ])('is known where the server listens on %s and is called at %s', async (host, called) => {
    const { port } = await server({ host });
    expect(await heard(port, called, (socket) => socket.end(ASK))).toContain('heard');
  });

  it('is identified among hundreds at once', async () => {
    const { port } = await server();
    const all = await Promise.all(
      Array.from({ length: 400 }, () => heard(port, '127.0.0.1', (socket) => socket.end(ASK))),
    );
    expect(all.filter((text) => text.includes('heard'))).toHaveLength(400);
  });

  it('is refused where it disconnects before it is identified, and the next one is served', async () => {
    const incoming: net.Socket[] = [];
    const listener = net.createServer({ pauseOnConnect: true }, (socket) => incoming.push(socket));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    open.push(listener);
    const socket = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1');
    const accepted = once(listener, 'connection');
    await Promise.all([once(socket, 'connect'), accepted]);
    expect(await refusalOf(incoming[0]!)).toBeNull();
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect(await refusalOf(incoming[0]!)).toMatchObject({ code: 'not-allowed', facts: { left: true } });
    incoming[0]!.destroy();
  });

  it('is not reported where it only looked whether the port is open', async () => {
    const incoming: net.Socket[] = [];
    const listener = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (one) => incoming.push(one));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    open.push(listener);
    const socket = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1');
    await Promise.all([once(socket, 'connect'), once(listener, 'connection')]);
    socket.destroy();
    await once(socket, 'close');
    expect(await refusalOf(incoming[0]!)).toMatchObject({ code: 'not-allowed', facts: { left: true } });
    incoming[0]!.destroy();
  });

  it('is not confused with a later caller with the same addresses', async () => {
    // The first connection is reset by its client, unread; the second is of the same ports, and another's.
    const incoming: net.Socket[] = [];
    const listener = net.createServer({ pauseOnConnect: true }, (socket) => incoming.push(socket));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    open.push(listener);
    const { port } = listener.address() as net.AddressInfo;
    const connect = async (localPort?: number) => {
      // An address of its own: nobody else takes the port between the two.
      const from = { localAddress: '127.9.8.7', ...(localPort && { localPort }) };
      const socket = net.connect({ port, host: '127.0.0.1', ...from });
      await Promise.all([once(socket, 'connect'), once(listener, 'connection')]);
      return socket;
    };
    const first = await connect();
    const { localPort } = first;
    const [old] = incoming;
    expect(await refusalOf(old!)).toBeNull();
    first.resetAndDestroy();
    await once(first, 'close');
    const second = await connect(localPort);
    expect(second.localPort).toBe(localPort);
    expect(await refusalOf(old!)).toMatchObject({ code: 'not-allowed' });
    expect(await refusalOf(incoming[1]!)).toBeNull();
    second.destroy();
    for (const socket of incoming) socket.destroy();
  });
});

describe('the decision about a user', () => {
  const socket = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.1', destroyed: false } as net.Socket;
  const rows: [what: string, own: number, owner: number | null, served: boolean][] = [
    ['the same user', 1000, 1000, true],
    ['root', 1000, 0, true],
    ['another', 1000, 1001, false],
    ['another at root', 0, 1001, false],
    ['nobody who can be found', 1000, null, false],
  ];
  it.runIf(onLinux).each(rows)('%s', async (_what, uid, owner, served) => {
    const refusal = await refusalOf(socket, { uid, of: async () => owner });
    expect(refusal === null).toBe(served);
    if (refusal !== null) expect(refusal.hint).toContain('--allow-local');
  });

  it.runIf(onLinux)('is to refuse where the table cannot be read', async () => {
    const of = () => Promise.reject(new Error('ENOENT'));
    expect(await refusalOf(socket, { uid: 1000, of })).toMatchObject({ code: 'not-allowed' });
  });

  it('is repeated for an owner that is not in the table yet', async () => {
    const answers = [null, null, 1000];
    expect(await refusalOf(socket, { uid: 1000, of: async () => answers.shift() ?? null })).toBeNull();
  });

  it('is not needed for callers from other machines', async () => {
    const far = { ...socket, remoteAddress: '192.0.2.7', localAddress: '192.0.2.1' } as net.Socket;
    expect(await refusalOf(far, { uid: 1000, of: async () => 1001 })).toBeNull();
    const own = { ...socket, remoteAddress: '192.0.2.1', localAddress: '192.0.2.1' } as net.Socket;
    expect(await refusalOf(own, { uid: 1000, of: async () => 1001 })).toMatchObject(
      onLinux ? { code: 'not-allowed' } : {},
    );
  });

  it.runIf(onLinux).each([
    ['the same user', 1000, 1000, true],
    ['root', 1000, 0, true],
    ['another', 1000, 1001, false],
    ['another, where it is root who calls', 0, 1001, true],
    ['nobody who takes the call', 1000, null, false],
  ])('of who listens: %s', async (_what, uid, owner, talks) => {
    const checked = checkListener(socket, '127.0.0.1:1', 20, { uid, of: async () => owner });
    if (talks) await checked;
    else await expect(checked).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it.runIf(onLinux && isRoot)('about a server recognises the program of another user', async () => {
    const listening = `require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const { child } = asNobody(listening);
    const [port] = await once(child.stdout!, 'data');
    const calling = net.connect(Number(port), '127.0.0.1');
    await once(calling, 'connect');
    let seen: SyncError | null = null;
    await checkListener(calling, 'there', 5_000, { uid: 1000 }).catch((error: SyncError) => {
      seen = error;
    });
    expect(seen).toMatchObject({ code: 'not-allowed', facts: { uid: NOBODY } });
    calling.destroy();
  });
});
