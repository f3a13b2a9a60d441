// What is typed while a question is still being put together: it is not shown where it does not belong, and becomes the
// beginning of the answer. Keys that would choose something are dropped: nobody can have seen what.
import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream } from 'node:tty';

/** Takes the keys of a terminal from now on, until `end`. */
export class TypeAhead {
  readonly #input: ReadStream;

  /** What was typed to be read. */
  text = '';
  /** Whether whoever types wants to go back. */
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
