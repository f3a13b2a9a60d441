// A conversation with server-a as docs/protocol.md shows it: `→` lines are sent as they stand, `←` lines come back. What
// follows `⇒` and `⇐` are the bytes of a payload.
import { once } from 'node:events';
import net from 'node:net';
import { until } from '../sayings.js';
import { isLine } from './blocks.js';
import type { World } from './world.js';

/** @returns the conversation with what really came back. */
export async function talk(world: World, lines: readonly string[]): Promise<string[]> {
  const socket = net.connect(world.port('8080'), '127.0.0.1');
  await once(socket, 'connect');
  const heard = new Heard(socket);
  const written: string[] = [];
  let lastId: unknown = null;
  try {
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at]!;
      if (line.startsWith('→ ')) {
        lastId = (JSON.parse(line.slice(2)) as { id?: unknown }).id ?? lastId;
        socket.write(`${line.slice(2)}\n`);
      } else if (line.startsWith('⇒ ')) socket.write(line.slice(2));
      if (line.startsWith('→ ') || line.startsWith('⇒ ')) written.push(line);
      const isPayloadNext = lines[at + 1]?.startsWith('⇒ ') === true;
      const shown = count(lines, at + 1);
      if (!/^[→⇒] /.test(line)) continue;
      if (shown > 0)
        written.push(...(await heard.next(shown)).map((text, n) => kept(lines[at + 1 + n]!, world.normal(text))));
      else if (!isPayloadNext && process.env.LOCKSTEP_TEST_WRITE === '1') {
        written.push(...(await heard.answer(lastId)).map((text) => world.normal(text)));
      }
    }
  } finally {
    socket.destroy();
  }
  return written;
}

const kept = (shown: string, heard: string): string => (isLine(shown, heard) ? shown : heard);

/** How many lines that came back stand from line `at` on. */
function count(lines: readonly string[], at: number): number {
  let n = 0;
  while (/^[←⇐] /.test(lines[at + n] ?? '')) n++;
  return n;
}

/** What came back, message by message. */
class Heard {
  readonly #lines: string[] = [];
  #bytes = Buffer.alloc(0);
  #payload = 0;
  #over = false;

  constructor(socket: net.Socket) {
    socket.on('data', (data) => this.#take(data));
    socket.on('close', () => {
      this.#over = true;
    });
  }

  #take(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    for (;;) {
      const end = this.#payload > 0 ? this.#payload : this.#bytes.indexOf(10);
      if (end < 0 || end > this.#bytes.length) break;
      const text = this.#bytes.subarray(0, end).toString();
      const isPayload = this.#payload > 0;
      this.#lines.push(`${isPayload ? '⇐' : '←'} ${text}`);
      this.#bytes = this.#bytes.subarray(end + (isPayload ? 0 : 1));
      this.#payload = isPayload ? 0 : ((JSON.parse(text) as { payload?: number }).payload ?? 0);
    }
  }

  /** @returns the next `n` messages. */
  async next(n: number): Promise<string[]> {
    await until(
      () => this.#lines.length >= n || this.#over,
      () => `${n} more messages`,
    );
    return this.#lines.splice(0, n);
  }

  /** @returns what comes up to the answer to request `id`, or to what asks for more of it. */
  async answer(id: unknown): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const [line] = await this.next(1);
      if (line === undefined) return lines;
      lines.push(line);
      if (line.startsWith('⇐')) continue;
      const message = JSON.parse(line.slice(2)) as { id?: unknown; method?: string };
      if (message.id === id || ['ready', 'waiting', 'event'].includes(message.method ?? '')) return lines;
    }
  }
}
