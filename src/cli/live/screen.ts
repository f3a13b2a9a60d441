// Draws a view on the terminal: alternate screen, no cursor, no wrapping. Only changed lines are written, in one
// synchronised update, so that nothing flickers. The terminal is always restored.
import ansi from 'ansi-escapes';
import { safeText } from '../render/safe.js';

const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';

/** The part of a terminal that a screen needs. */
export interface Drawable {
  /** Writes synchronously, also while the program ends. */
  write(text: string): void;
}

export class Screen {
  readonly #terminal: Drawable;

  #shown: readonly string[] = [];
  #open = true;

  constructor(terminal: Drawable) {
    this.#terminal = terminal;

    terminal.write(ansi.enterAlternativeScreen + ansi.cursorHide + WRAP_OFF + ansi.eraseScreen);
  }

  /** Makes the screen show `lines` from its top. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    let text = '';
    for (let y = 0; y < Math.max(lines.length, this.#shown.length); y++) {
      const line = safeText(lines[y] ?? '');
      if (line !== this.#shown[y]) text += ansi.cursorTo(0, y) + line + ansi.eraseEndLine;
    }
    this.#shown = lines.map(safeText);
    if (text !== '') this.#terminal.write(ansi.beginSynchronizedOutput + text + ansi.endSynchronizedOutput);
  }

  /** Called when the window has changed or another program has written to it: the next draw writes everything. */
  forget(): void {
    if (!this.#open) return;
    this.#shown = [];
    this.#terminal.write(ansi.eraseScreen);
  }

  /** Restores the terminal; further calls do nothing. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(WRAP_ON + ansi.cursorShow + ansi.exitAlternativeScreen);
  }
}
