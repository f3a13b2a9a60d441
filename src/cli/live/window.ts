// The window of the terminal: its size and its keys. It is restored whenever the program ends.
import type { ReadStream, WriteStream } from 'node:tty';
import type { Drawable } from './screen.js';
import type { WindowSize } from './view.js';

export type Key = 'quit' | 'interrupt';

export interface Window extends Drawable {
  size(): WindowSize;
  onKey(listener: (key: Key) => void): void;
  onResize(listener: () => void): void;
  /** Calls `listener` when the program ends, except by SIGKILL. */
  onEnd(listener: () => void): void;
}

const KEYS: Readonly<Record<string, Key>> = { q: 'quit', Q: 'quit', '\u0003': 'interrupt', '\u0004': 'quit' };

/** The window of stdout; the keys come from stdin where that is a terminal. `close` releases keys and listeners. */
export class TerminalWindow implements Window {
  readonly #stdout: WriteStream;
  readonly #stdin: ReadStream;

  readonly #closers: (() => void)[] = [];

  constructor(stdout: WriteStream, stdin: ReadStream) {
    this.#stdout = stdout;
    this.#stdin = stdin;
  }

  /** Writing to a terminal is synchronous, so output at the end of the program is complete. */
  write(text: string): void {
    this.#stdout.write(text);
  }

  size(): WindowSize {
    // Pseudo-terminals may report no size.
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
    // While the program was stopped, another one may have written to the screen.
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
