// Somebody who speaks the protocol's framing and means harm: a server or a client of a test that says whatever it likes.
import { once } from 'node:events';
import net from 'node:net';

/** A message as it came in. */
export interface Heard {
  readonly id?: number | string;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the programs send
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the programs send
  readonly result?: any;
  readonly error?: { readonly message: string; readonly data: { readonly code: string; readonly hint: string } };
  readonly payload?: number;
}

/** One connection in the hands of a hostile program. */
export class HostileLine {
  readonly #onHeard: (heard: Heard, line: HostileLine) => void;

  #text: Buffer = Buffer.alloc(0);
  #skip = 0;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  isOver = false;
  readonly heard: Heard[] = [];
  #waiting: { readonly want: (heard: Heard) => boolean; readonly found: (heard: Heard) => void }[] = [];

  constructor(
    readonly socket: net.Socket,
    onHeard: (heard: Heard, line: HostileLine) => void = () => {},
  ) {
    this.#onHeard = onHeard;

    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isOver = true;
        resolve();
      });
    });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Sends a message, and waits while the other end does not read. */
  async send(message: object, payload?: Buffer): Promise<void> {
    const line = `${JSON.stringify({ jsonrpc: '2.0', ...message, ...(payload && { payload: payload.length }) })}\n`;
    await this.raw(payload === undefined ? line : Buffer.concat([Buffer.from(line), payload]));
  }

  async raw(bytes: string | Buffer): Promise<void> {
    // Who sends in a loop until it is over must let that be noticed.
    if (this.socket.destroyed) return this.closed;
    if (!this.socket.write(bytes)) await Promise.race([once(this.socket, 'drain').catch(() => {}), this.closed]);
  }

  /** @returns what came, or comes, that is wanted. */
  hear(want: (heard: Heard) => boolean): Promise<Heard> {
    const there = this.heard.find(want);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((found) => this.#waiting.push({ want, found }));
  }

  /** Asks, and waits for the answer. */
  async ask(id: number, method: string, params: object = {}, payload?: Buffer): Promise<Heard> {
    await this.send({ id, method, params }, payload);
    return this.hear((heard) => heard.id === id && heard.method === undefined);
  }

  #take(chunk: Buffer): void {
    this.#text = this.#text.length === 0 ? chunk : Buffer.concat([this.#text, chunk]);
    for (;;) {
      const skipped = Math.min(this.#skip, this.#text.length);
      this.#text = this.#text.subarray(skipped);
      this.#skip -= skipped;
      const end = this.#text.indexOf(10);
      if (this.#skip > 0 || end < 0) return;
      const heard = JSON.parse(this.#text.toString('utf8', 0, end)) as Heard;
      this.#text = this.#text.subarray(end + 1);
      this.#skip = heard.payload ?? 0;
      this.#note(heard);
    }
  }

  #note(heard: Heard): void {
    if (this.heard.length < 10_000) this.heard.push(heard);
    for (const { found } of this.#waiting.filter(({ want }) => want(heard))) found(heard);
    this.#waiting = this.#waiting.filter(({ want }) => !want(heard));
    this.#onHeard(heard, this);
  }
}

/** A server that answers as it likes. */
export class HostileServer {
  readonly lines: HostileLine[] = [];
  readonly #server: net.Server;

  /** @param onHeard told everything that comes, on any connection. */
  constructor(onHeard: (heard: Heard, line: HostileLine) => void) {
    this.#server = net.createServer((socket) => this.lines.push(new HostileLine(socket, onHeard)));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as net.AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const { socket } of this.lines) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Connects as a client or a server-a would. */
export async function hostileLine(port: number): Promise<HostileLine> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new HostileLine(socket);
}

export const HASH = 'a'.repeat(64);
const ROOT = '0123456789abcdef0123456789abcdef';

/** @returns the answer to `hello` of a server-b with an empty root. */
export const helloOfB = ({ id }: Heard): object => ({
  id,
  result: { protocol: 1, server: 'b', version: 'test', root: ROOT, above: [] },
});

/** @returns the answer to a `look` that tells of so many items in its lists. */
export const scanReportResult = ({ id }: Heard, items: number): object => ({
  id,
  result: { whole: true, unsettled: 0, halt: null, items },
});

/** Answers a server-a as a server-b with an empty root does, but for the methods in `otherwise`. */
export function asServerB(
  otherwise: Readonly<Record<string, (heard: Heard, line: HostileLine) => unknown>>,
): (heard: Heard, line: HostileLine) => void {
  return (heard, line) => {
    const { method = '', id } = heard;
    if (Object.hasOwn(otherwise, method)) return void otherwise[method]!(heard, line);
    if (id === undefined) return;
    if (method === 'hello') return void line.send(helloOfB(heard));
    if (method === 'look') return void line.send(scanReportResult(heard, 0));
    void line.send({ id, result: {} });
  };
}

/** @returns a list of entries of a scan, as one payload of about a mebibyte. */
export function manyEntries(from: number, bytes = 1_000_000): { payload: Buffer; count: number } {
  const items: string[] = [];
  for (let size = 0; size < bytes; ) {
    const n = from + items.length;
    const entry = { type: 'file', size: n, mtime: n, mode: 420, hash: n.toString(16).padStart(64, '0') };
    const text = JSON.stringify({ path: `directory-${n % 1000}/a file with a name of some length ${n}.txt`, entry });
    items.push(text);
    size += text.length + 1;
  }
  return { payload: Buffer.from(`[${items.join(',')}]`), count: items.length };
}
