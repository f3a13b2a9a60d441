import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import type { WireLimits } from '../../../src/wire/frame/limits.js';
import type { Connection } from '../../../src/wire/socket/connection.js';
import { Secret } from '../../../src/wire/socket/secret.js';
import { dial, listen } from '../../../src/wire/socket/tcp.js';
import { aSecret, gate, plainSocket, untilClosed } from '../ends.js';

const host = '127.0.0.1';
const another = Secret.parse(randomBytes(32).toString('hex'));

async function secured(limits: Partial<WireLimits> = {}, more: Partial<Parameters<typeof listen>[0]> = {}) {
  const came: Connection[] = [];
  const first = gate<Connection>();
  const onConnection = (connection: Connection) => {
    came.push(connection);
    first.open(connection);
  };
  const listener = await listen({ host, port: 0, limits, secret: aSecret, onConnection, ...more });
  onTestFinished(() => listener.close());
  return { listener, came, first: first.opened, at: { host, port: listener.port } };
}

describe('a server with a secret', () => {
  it('and a client with the same one communicate', async () => {
    const { at, first } = await secured();
    const near = await dial({ ...at, secret: aSecret });
    await near.send({ method: 'm', params: {} });
    for await (const { message } of (await first).frames) {
      expect(message).toEqual({ method: 'm', params: {} });
      break;
    }
    near.close();
  });

  it('does not answer another secret, and the client reports why', async () => {
    const { at, came } = await secured();
    await expect(dial({ ...at, secret: another })).rejects.toMatchObject({
      code: 'not-allowed',
      message: `The server at ${host}:${at.port} has another secret.`,
      hint: expect.stringContaining('--secret-file'),
    });
    expect(came).toEqual([]);
  });

  it('reports callers that do not prove the secret, once a minute, and none that only hang up', async () => {
    const reported: string[] = [];
    let now = 0;
    const onRefused = ({ message }: SyncError) => void reported.push(message);
    const { at, listener } = await secured({}, { onRefused, now: () => now });
    const hangsUp = await plainSocket(listener);
    hangsUp.end();
    await untilClosed(hangsUp);
    const call = () => expect(dial({ ...at, secret: another })).rejects.toMatchObject({ code: 'not-allowed' });
    await call();
    await call();
    expect(reported).toEqual([
      `A connection from ${host} is refused: it could not prove the secret. Give every program a copy of the same file with --secret-file.`,
    ]);
    now = 1;
    const plain = await plainSocket(listener);
    plain.write('{"jsonrpc":"2.0","id":1,"method":"list"}\n');
    await untilClosed(plain);
    // Another reason is not hidden by the one before.
    expect(reported.slice(1)).toEqual([expect.stringContaining('it uses no secret')]);
    now = 60_000;
    await call();
    expect(reported.slice(2)).toEqual([expect.stringContaining('it could not prove the secret')]);
  });

  it('refuses callers without a secret and answers nothing', async () => {
    const { listener, came } = await secured();
    const socket = await plainSocket(listener);
    socket.write('{"jsonrpc":"2.0","id":1,"method":"list"}\n');
    const said = JSON.parse(await untilClosed(socket));
    expect(said).toMatchObject({ id: null, error: { data: { code: 'not-allowed' } } });
    expect(came).toEqual([]);
  });

  it.each([
    ['TLS 1.2 with the secret', { maxVersion: 'TLSv1.2', ciphers: 'PSK-AES128-GCM-SHA256' }, 'lockstep', aSecret.key],
    ['another name for the secret', {}, 'root', aSecret.key],
    ['no key', {}, null, null],
    ['an empty key', {}, 'lockstep', Buffer.alloc(0)],
    ['a key of zeros', {}, 'lockstep', Buffer.alloc(32)],
  ] as const)('refuses %s', async (_, more, identity, psk) => {
    const { at, came } = await secured();
    const socket = tls.connect({
      ...at,
      ciphers: 'TLS_AES_128_GCM_SHA256',
      rejectUnauthorized: false,
      ...(psk === null ? {} : { pskCallback: () => ({ identity, psk }) }),
      ...more,
    });
    const proved: unknown[] = [];
    socket.on('secureConnect', () => proved.push('proved'));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    expect([proved, came]).toEqual([[], []]);
  });

  it('limits the time of callers that do not prove the secret', async () => {
    const { listener, came } = await secured({ handshakeMs: 30 });
    const silent = await plainSocket(listener);
    const half = await plainSocket(listener);
    half.write(Buffer.from([0x16, 3, 1, 2, 0]));
    await Promise.all([untilClosed(silent), untilClosed(half)]);
    expect(came).toEqual([]);
  });

  it('limits the number of unauthenticated callers; the oldest is closed', async () => {
    const { listener, at } = await secured({ unauthenticated: 8, handshakeMs: 60_000 });
    const unauthenticated = [];
    for (let n = 0; n < 20; n++) unauthenticated.push(await plainSocket(listener));
    for (const stranger of unauthenticated) stranger.resume();
    await Promise.all(unauthenticated.slice(0, 12).map((socket) => socket.closed || once(socket, 'close')));
    const near = await dial({ ...at, secret: aSecret });
    await near.send({ method: 'm', params: {} });
    expect(unauthenticated.slice(13).map((socket) => socket.closed)).toEqual(Array(7).fill(false));
    near.close();
  });

  it('counts callers without a message as unauthenticated, and no others', async () => {
    const { at, first } = await secured({ unauthenticated: 2 });
    const friend = await dial({ ...at, secret: aSecret });
    await friend.send({ method: 'm', params: {} });
    await (await first).frames[Symbol.asyncIterator]().next();
    const silent = await dial({ ...at, secret: aSecret });
    const more = [await dial({ ...at, secret: aSecret }), await dial({ ...at, secret: aSecret })];
    await silent.closed;
    await friend.send({ method: 'm', params: {} });
    for (const connection of [friend, ...more]) connection.close();
  });

  it('refuses connections over its limit', async () => {
    const { at } = await secured({ connections: 1 });
    const first = await dial({ ...at, secret: aSecret });
    const second = await dial({ ...at, secret: aSecret });
    const said = [];
    for await (const { message } of second.frames) said.push(message);
    expect(said).toMatchObject([{ error: { data: { code: 'busy' } } }]);
    first.close();
  });

  it('stops with all its connections, also unauthenticated ones', async () => {
    const { listener, at } = await secured();
    const near = await dial({ ...at, secret: aSecret });
    const stranger = await plainSocket(listener);
    const ended = untilClosed(stranger);
    await listener.close();
    expect([await near.closed, await ended]).toEqual([null, '']);
  });
});

describe('a client with a secret', () => {
  /** A listening program that is not a server of ours. */
  async function foreign(server: net.Server): Promise<{ host: string; port: number }> {
    server.listen(0, host);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { host, port: (server.address() as net.AddressInfo).port };
  }

  it('is refused by a server without one', async () => {
    const listener = await listen({ host, port: 0, onConnection: () => {} });
    onTestFinished(() => listener.close());
    await expect(dial({ host, port: listener.port, secret: aSecret })).rejects.toMatchObject({
      code: 'not-allowed',
      message: `The program at ${host}:${listener.port} uses no secret.`,
    });
  });

  it('reports a server that closes at once', async () => {
    const at = await foreign(net.createServer((socket) => socket.destroy()));
    await expect(dial({ ...at, secret: aSecret })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('does not wait for ever for a silent server', async () => {
    const at = await foreign(net.createServer(() => {}));
    await expect(dial({ ...at, secret: aSecret, timeoutMs: 30 })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('no answer came'),
    });
  });

  it('does not trust certificates', async () => {
    const at = await foreign(tls.createServer({ key: KEY, cert: CERTIFICATE }));
    await expect(dial({ ...at, secret: aSecret })).rejects.toMatchObject({ code: 'not-allowed' });
  });
});

/** Made for this test: a certificate that says it is 127.0.0.1, and its key, which opens nothing. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7nODCNZ6mXimKiCn
wYgTWzgxVRJKSBmIn6ZuxsO5LpqhRANCAAQDhAyEYzzua/YVbICdD8C5kvA/VZiz
IXfIMX98pvEjqTAx2s/jXZSpjDq0bxp8JPlm2dN/pZDIYxiYQFNup4ix
-----END PRIVATE KEY-----
`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUcd0l4hpv6NFAaF72rG+RDg+1GOIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNzAyNDgxM1oYDzIxMjYxMTAz
MDI0ODEzWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQDhAyEYzzua/YVbICdD8C5kvA/VZizIXfIMX98pvEjqTAx2s/jXZSp
jDq0bxp8JPlm2dN/pZDIYxiYQFNup4ixo2QwYjAdBgNVHQ4EFgQUrS0ifGj+CgLP
g24r/sWq1MqoSlEwHwYDVR0jBBgwFoAUrS0ifGj+CgLPg24r/sWq1MqoSlEwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQCodZc8ce69/Rl3qRrZGXm1T1N8SJcvfLmcyb613k0GLAIgAtfUF8bhoFmBEUPj
9IoShca4l0SvdmJLHG5gyP/BXpI=
-----END CERTIFICATE-----
`;
