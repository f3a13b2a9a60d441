// Two ends of a connection for a test, on a free port of the loopback interface, closed after the test; plain, or with a
// secret where the test runs over both.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { beforeEach, describe, onTestFinished, vi } from 'vitest';
import type { WireLimits } from '../../src/wire/frame/limits.js';
import { RpcClient } from '../../src/wire/rpc/caller.js';
import { type Method, serveRpc } from '../../src/wire/rpc/responder.js';
import type { FreshConnection } from '../../src/wire/socket/connection.js';
import { Secret } from '../../src/wire/socket/secret.js';
import { dial, listen } from '../../src/wire/socket/tcp.js';

type Listener = Awaited<ReturnType<typeof listen>>;
type ServeOptions = NonNullable<Parameters<typeof serveRpc>[2]>;

export const aSecret = Secret.parse(randomBytes(32).toString('hex'));

/** What the present test's ends share. */
let secret: Secret | undefined;

/** Runs the same tests over plain TCP and over TLS, which must not differ above the socket. */
export function overBoth(name: string, tests: () => void): void {
  describe.each([
    ['plain', undefined],
    ['with a secret', aSecret],
  ])(`${name}, %s`, (_, own) => {
    beforeEach(() => {
      secret = own;
      return () => {
        secret = undefined;
      };
    });
    tests();
  });
}

/** A listener and the connections that came to it, in order. */
export async function listening(limits: Partial<WireLimits> = {}) {
  const came: FreshConnection[] = [];
  const waiting: ((connection: FreshConnection) => void)[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    limits,
    secret,
    onConnection: (connection) => {
      const next = waiting.shift();
      if (next === undefined) came.push(connection);
      else next(connection);
    },
  });
  onTestFinished(() => listener.close());
  const accept = () => {
    const first = came.shift();
    return first === undefined
      ? new Promise<FreshConnection>((resolve) => waiting.push(resolve))
      : Promise.resolve(first);
  };
  return { listener, accept };
}

export async function serving(methods: Record<string, Method>, limits: ServeOptions = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    limits,
    secret,
    onConnection: (connection) => void serveRpc(connection, methods, limits),
  });
  onTestFinished(() => listener.close());
  return listener;
}

export async function calling(
  listener: Listener,
  limits: Partial<WireLimits> = {},
  options: ConstructorParameters<typeof RpcClient>[1] = {},
): Promise<RpcClient> {
  const caller = new RpcClient(await dial({ ...at(listener), limits }), options);
  onTestFinished(() => caller.close());
  return caller;
}

export const at = ({ host, port }: Listener) => ({ host, port, secret });

/** A socket, as a program in another language has it. */
export async function rawSocket(listener: Listener, options: { readonly allowHalfOpen?: boolean } = {}) {
  const plain = await plainSocket(listener, options);
  return secret === undefined ? plain : tlsOver(plain, secret);
}

/** A raw socket, and a function that breaks it as a crash does. */
export async function breakableSocket(listener: Listener): Promise<{ socket: net.Socket; reset: () => void }> {
  // What TLS runs over is out of reach, so it runs through something that is not.
  const far = await plainSocket(listener);
  const between = net.createServer((near) => void near.pipe(far).pipe(near)).listen(0, listener.host);
  onTestFinished(() => void between.close());
  await once(between, 'listening');
  const socket = await rawSocket({ ...listener, port: (between.address() as net.AddressInfo).port });
  return { socket, reset: () => void far.resetAndDestroy() };
}

/** A socket that knows no secret, whatever the listener wants. */
export async function plainSocket(
  { host, port }: Listener,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<net.Socket> {
  const socket = net.connect({ host, port, ...options });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function tlsOver(under: net.Socket, { key: psk }: Secret): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    socket: under,
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    ca: [],
    pskCallback: () => ({ identity: 'lockstep', psk }),
    checkServerIdentity: () => new Error('no certificates here'),
  });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  return socket;
}

/** @returns everything that comes until the other end closes, as text. */
export async function untilClosed(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

/** @returns the first `count` lines that come. */
export function lines(socket: net.Socket, count: number): Promise<unknown[]> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const found = text.split('\n');
      if (found.length > count) resolve(found.slice(0, count).map((line) => JSON.parse(line)));
    });
  });
}

/** A promise and the way to settle it. */
export function gate<T = void>() {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Lets time pass, in milliseconds. */
type Pass = (ms: number) => Promise<void>;

/** The time that passes in one step. */
const STEP_MS = 5;
/** More than any limit that is tested: what has not happened by then does not happen. */
const MOST_MS = 20_000;

/**
 * Runs a test in which time stands still until the test lets it pass: how slow the machine is changes nothing. Each step
 * has a real millisecond and a turn of the event loop, so what was sent arrives long before a limit is over.
 */
export async function inStillTime(test: (pass: Pass) => Promise<void>): Promise<void> {
  const inReality = setTimeout;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    await test(async (ms) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        vi.advanceTimersByTime(STEP_MS);
        await new Promise((resolve) => inReality(() => setImmediate(resolve), 1));
      }
    });
  } finally {
    vi.useRealTimers();
  }
}

/** Lets time pass until something has happened. @returns what it resolves with. */
export async function passUntil<T>(pass: Pass, happens: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  void happens.then(over, over);
  for (let passed = 0; !isOver; passed += STEP_MS) {
    if (passed > MOST_MS) throw new Error(`It has not happened in ${MOST_MS} ms.`);
    await pass(STEP_MS);
  }
  return happens;
}
