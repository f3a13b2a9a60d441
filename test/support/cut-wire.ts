// A wire between two programs that a test can hold still after so many bytes, and cut.
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** Forwards connections to a port of this machine. */
export class CutWire {
  readonly #server: net.Server;

  readonly #sockets = new Set<net.Socket>();
  #left = Number.POSITIVE_INFINITY;
  #rate = Number.POSITIVE_INFINITY;
  #onHeld: () => void = () => {};
  /** Bytes that went either way. */
  carried = 0;

  private constructor(server: net.Server) {
    this.#server = server;
  }

  /** @param to the port that is asked for at each connection, so that what is behind may come back elsewhere. */
  static async open(to: () => number): Promise<CutWire> {
    const server = net.createServer();
    const proxy = new CutWire(server);
    server.on('connection', (near) => proxy.#join(near, net.connect({ host: '127.0.0.1', port: to() })));
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
    onTestFinished(() => {
      server.close();
      proxy.cut();
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Lets `bytes` more through and then nothing. @returns resolves when it holds. */
  holdAfter(bytes: number): Promise<void> {
    this.#left = bytes;
    return new Promise((resolve) => {
      this.#onHeld = resolve;
    });
  }

  /** Lets no more than so many bytes a second through, each way of each connection. */
  slow(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
  }

  /** Ends every connection at once; new ones get through. */
  cut(): void {
    this.#left = Number.POSITIVE_INFINITY;
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: net.Socket, peer: net.Socket): void {
    this.#pass(near, peer);
    this.#pass(peer, near);
  }

  #pass(from: net.Socket, to: net.Socket): void {
    this.#sockets.add(from);
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('data', (data: Buffer) => {
      this.carried += data.length;
      this.#left -= data.length;
      to.write(data);
      if (to.writableLength > 1 << 20) {
        from.pause();
        to.once('drain', () => from.resume());
      }
      const pauseMs = (data.length / this.#rate) * 1000;
      if (pauseMs >= 1) {
        from.pause();
        setTimeout(() => from.resume(), pauseMs);
      }
      if (this.#left > 0) return;
      for (const socket of this.#sockets) socket.pause();
      this.#onHeld();
    });
    from.on('end', () => to.end());
  }
}
