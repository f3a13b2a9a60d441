// Buffers output lines, so that ten thousand lines do not need ten thousand system calls. The rest is written as soon
// as the program is idle.

const FULL = 64 * 1024;

export class Writer {
  readonly #write: (text: string) => void;
  #text = '';
  #due: NodeJS.Immediate | null = null;

  /** @param write writes text at once. */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= FULL) this.flush();
    else this.#due ??= setImmediate(() => this.flush());
  }

  /** Writes the buffered text now. */
  flush(): void {
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}
