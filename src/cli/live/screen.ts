// The terminal while a view has it: the alternate screen, no cursor, no wrapping. Only lines that differ are written, in
// one go that the terminal shows at once, so that nothing flickers; and whatever happens, it is given back as it was.
import ansi from 'ansi-escapes';
import { safeText } from '../render/safe.js';

const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';

/** What a screen needs of a terminal. */
export interface Drawable {
  /** Writes at once, also while the program is ending. */
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

  /** Makes the screen show these lines from its top. */
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

  /** The window has changed, or somebody else has written on it: all is drawn anew. */
  forget(): void {
    if (!this.#open) return;
    this.#shown = [];
    this.#terminal.write(ansi.eraseScreen);
  }

  /** Gives the terminal back; may be called again. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(WRAP_ON + ansi.cursorShow + ansi.exitAlternativeScreen);
  }
}
