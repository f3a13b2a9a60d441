// What a server says, line by line, and how a test waits for it: in a process of its own or in this one.
import { sized } from './sizes.js';

/** Ends what hangs, a little before the test would end by itself. */
const WAIT_MS = sized(50_000, 120_000);

/** An event as a server said it. */
export type Said = Record<string, unknown> & { event: string };

/** Everything that a server has said, and who waits for more. */
export class Sayings {
  readonly said: Said[] = [];
  stderr = '';
  #rest = '';
  #listeners: (() => void)[] = [];

  /** Takes what came on stdout. */
  hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.said.push(JSON.parse(line) as Said);
    this.wake();
  }

  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Waits for an event, said already (from `since` on) or still to come. */
  async wait(want: string | ((said: Said) => boolean), since = 0): Promise<Said> {
    const test = typeof want === 'string' ? (said: Said) => said.event === want : want;
    let at = since;
    return until(
      () => {
        while (at < this.said.length) if (test(this.said[at++]!)) return this.said[at - 1];
        return undefined;
      },
      () => `${String(want)}; stderr: ${this.stderr}; last: ${JSON.stringify(this.said.slice(-3))}`,
      (listener) => {
        this.#listeners.push(listener);
      },
    );
  }
}

/** Waits until `test` gives something, asked again at every event of `subscribe` and at short intervals. */
export async function until<T>(
  test: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  what: () => string = () => 'condition',
  subscribe: (listener: () => void) => void = () => {},
): Promise<T> {
  const end = Date.now() + WAIT_MS;
  let wake: () => void = () => {};
  subscribe(() => wake());
  for (;;) {
    const value = await test();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > end) throw new Error(`not met in ${WAIT_MS} ms: ${what()}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 5);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
