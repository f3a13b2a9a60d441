// The loopback: free ports, waiting for somebody to listen, and a wire that counts what crosses it.
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';
const LISTEN_MS = 20_000;

/** @returns a port of the loopback that nobody uses now, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listening(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, HOST, () => resolve((server.address() as net.AddressInfo).port));
  });
}

/** Resolves when somebody listens at a port. */
export async function answers(port: number): Promise<void> {
  const end = performance.now() + LISTEN_MS;
  while (!(await isAnswered(port))) {
    if (performance.now() > end) throw new Error(`nobody listens at port ${port}`);
    await delay(10);
  }
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: HOST, port });
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Forwards connections to a port and counts their bytes, either way. It slows down what crosses much. */
export class Wire {
  readonly port: number;
  #carried = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(server: net.Server, port: number, to: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (near) => {
      const far = net.connect({ host: HOST, port: to });
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  static async before(to: number): Promise<Wire> {
    const server = net.createServer();
    return new Wire(server, await listening(server), to);
  }

  get carried(): number {
    return this.#carried;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(from: net.Socket, to: net.Socket): void {
    this.#sockets.add(from);
    from.setNoDelay();
    from.on('data', (data: Buffer) => {
      this.#carried += data.length;
    });
    from.on('error', () => to.destroy());
    from.on('close', () => this.#sockets.delete(from));
    from.pipe(to);
  }
}
