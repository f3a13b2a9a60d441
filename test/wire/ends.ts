// Two ends of a connection for a test, on a free port of the loopback, closed when the test is over.
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { Caller } from '../../src/wire/calls.js';
import type { Connection } from '../../src/wire/connection.js';
import type { WireLimits } from '../../src/wire/limits.js';
import { type Method, type ServeOptions, serve } from '../../src/wire/serve.js';
import { dial, type Listener, listen } from '../../src/wire/tcp.js';

/** A listener and the connections that came to it, in order. */
export async function listening(limits: Partial<WireLimits> = {}) {
  const came: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    limits,
    onConnection: (connection) => {
      const next = waiting.shift();
      if (next === undefined) came.push(connection);
      else next(connection);
    },
  });
  onTestFinished(() => listener.close());
  const accept = () => {
    const first = came.shift();
    return first === undefined ? new Promise<Connection>((resolve) => waiting.push(resolve)) : Promise.resolve(first);
  };
  return { listener, accept };
}

export async function serving(methods: Record<string, Method>, limits: ServeOptions = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    limits,
    onConnection: (connection) => void serve(connection, methods, limits),
  });
  onTestFinished(() => listener.close());
  return listener;
}

export async function calling(
  listener: Listener,
  limits: Partial<WireLimits> = {},
  options: ConstructorParameters<typeof Caller>[1] = {},
): Promise<Caller> {
  const caller = new Caller(await dial({ ...at(listener), limits }), options);
  onTestFinished(() => caller.close());
  return caller;
}

export const at = ({ host, port }: Listener) => ({ host, port });

/** A plain socket, as a program in another language has it. */
export async function rawSocket(
  listener: Listener,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<net.Socket> {
  const socket = net.connect({ ...at(listener), ...options });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
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
