// The window of the terminal that this program runs in: its size, its keys, and that it is given back however the
// program ends.
import type { ReadStream, WriteStream } from 'node:tty';
import type { Drawable } from './screen.js';
import type { WindowSize } from './view.js';

export type Key = 'quit' | 'interrupt';

export interface Window extends Drawable {
  size(): WindowSize;
  onKey(listener: (key: Key) => void): void;
  onResize(listener: () => void): void;
  /** Calls `listener` when the program ends in any way but by kill -9. */
  onEnd(listener: () => void): void;
}

const KEYS: Readonly<Record<string, Key>> = { q: 'quit', Q: 'quit', '\u0003': 'interrupt', '\u0004': 'quit' };

/** The window of stdout; keys come from stdin where that is a terminal. `close` gives keys and listeners back. */
export class TerminalWindow implements Window {
  readonly #stdout: WriteStream;
  readonly #stdin: ReadStream;

  readonly #closers: (() => void)[] = [];

  constructor(stdout: WriteStream, stdin: ReadStream) {
    this.#stdout = stdout;
    this.#stdin = stdin;
  }

  /** Writing to a terminal is synchronous, so what is written while the program ends still arrives. */
  write(text: string): void {
    this.#stdout.write(text);
  }

  size(): WindowSize {
    // Some terminals that are not drawn anywhere have no size.
    return { columns: this.#stdout.columns || 80, rows: this.#stdout.rows || 24 };
  }

  onKey(listener: (key: Key) => void): void {
    const stdin = this.#stdin;
    if (!stdin.isTTY) return;
    const onData = (data: Buffer) => {
      for (const character of data.toString()) {
        const key = KEYS[character];
        if (key !== undefined) listener(key);
      }
    };
    stdin.setRawMode(true);
    stdin.on('data', onData);
    this.#closers.push(() => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
    });
  }

  onResize(listener: () => void): void {
    this.#listen(this.#stdout, 'resize', listener);
    // Back from where it was stopped, somebody else has written on the screen.
    this.#listen(process, 'SIGCONT', listener);
  }

  onEnd(listener: () => void): void {
    this.#listen(process, 'exit', listener);
    this.#listen(process, 'uncaughtExceptionMonitor', listener);
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  #listen(emitter: NodeJS.EventEmitter, name: string, listener: () => void): void {
    emitter.on(name, listener);
    this.#closers.push(() => void emitter.off(name, listener));
  }
}
