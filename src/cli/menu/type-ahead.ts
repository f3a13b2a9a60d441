// Collects keys that are typed while a question is being prepared. They are not echoed and become the beginning of the
// answer. Keys that would choose something are dropped, because the person has not seen the choices.
import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream } from 'node:tty';

/** Receives the keys of a terminal until `end`. */
export class TypeAhead {
  readonly #input: ReadStream;

  /** The typed text. */
  text = '';
  /** Whether the person wants to go back. */
  isBack = false;

  constructor(input: ReadStream) {
    this.#input = input;

    emitKeypressEvents(input);
    input.on('keypress', this.#take);
    input.setRawMode(true);
    input.resume();
  }

  end(): void {
    this.#input.off('keypress', this.#take);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  readonly #take = (character: string | undefined, key: Key): void => {
    if (key.name === 'escape' || (key.ctrl === true && key.name === 'c')) this.isBack = true;
    else if (key.name === 'backspace') this.text = this.text.slice(0, -1);
    else if (character !== undefined && /^\P{C}+$/u.test(character)) this.text += character;
  };
}
