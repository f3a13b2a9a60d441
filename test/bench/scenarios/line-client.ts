// A client that costs next to nothing: it writes lines and does not look into the answers.
import net from 'node:net';

export class LineClient {
  readonly #socket: net.Socket;
  #rest: Buffer[] = [];
  #id = 0;
  #answer: (line: string) => void = () => {};
  #fail: (error: Error) => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('data', (data) => this.#take(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('server-a has closed the connection')));
  }

  static connect(port: number): Promise<LineClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port }, () => resolve(new LineClient(socket)));
      socket.once('error', reject);
    });
  }

  /** @returns the line of the answer. Only one request may be under way. */
  ask(method: string, params: object = {}): Promise<string> {
    this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params })}\n`);
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    this.#rest.push(data);
    if (data.at(-1) !== 0x0a) return;
    const lines = Buffer.concat(this.#rest).toString('utf8').trimEnd().split('\n');
    this.#rest = [];
    // What is no answer is a part of a long result, or an event.
    for (const line of lines)
      if (line.includes(`"id":${this.#id},`) || line.includes(`"id":${this.#id}}`)) this.#answer(line);
  }
}
