// A wire between two programs that counts what crosses it: bytes and messages, either way.
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { FrameDecoder } from '../../src/wire/frame/frames.js';
import { DEFAULT_LIMITS } from '../../src/wire/frame/limits.js';

/** Forwards connections to a port of this machine. */
export class CountedWire {
  readonly port: number;
  /** Bytes since the last `reset`. */
  bytes = 0;
  /** Messages since the last `reset`; a payload belongs to its message. */
  messages = 0;

  private constructor(port: number) {
    this.port = port;
  }

  /** @param to the port that is asked for at each connection, so that what is behind may come back elsewhere. */
  static async open(to: () => number): Promise<CountedWire> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
    const wire = new CountedWire((server.address() as net.AddressInfo).port);
    server.on('connection', (near) => {
      const far = net.connect({ host: '127.0.0.1', port: to() });
      for (const socket of [near, far]) sockets.add(socket);
      wire.#pass(near, far);
      wire.#pass(far, near);
    });
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return wire;
  }

  reset(): void {
    this.bytes = this.messages = 0;
  }

  #pass(from: net.Socket, to: net.Socket): void {
    const decoder = new FrameDecoder({ ...DEFAULT_LIMITS, lineBytes: Number.POSITIVE_INFINITY });
    from.setNoDelay();
    from.on('data', (data: Buffer) => {
      this.bytes += data.length;
      this.messages += decoder.push(data).length;
    });
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}
