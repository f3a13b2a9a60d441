// Lines on their way to a stream, gathered: ten thousand of them do not mean ten thousand system calls, and the last one
// does not wait once there is nothing else to do.

const FULL = 64 * 1024;

export class Writer {
  readonly #write: (text: string) => void;
  #text = '';
  #due: NodeJS.Immediate | null = null;

  /** @param write takes text that is to be written at once. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= FULL) this.flush();
    else this.#due ??= setImmediate(() => this.flush());
  }

  /** Writes what has been gathered, now. */
  flush(): void {
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}
