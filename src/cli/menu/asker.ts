// How the menu asks: the same questions, put to a person at a terminal or to a script's lines.

/** A file to pick. */
export interface Choice {
  /** As it has to be given to a command. */
  readonly target: string;
  readonly index: string;
  readonly name: string;
  /** What is special about it. */
  readonly note: string;
}

/** What a person goes back with (Ctrl-C, Escape), and what stands for the end of a script. */
export const BACK = Symbol('back');
export type Back = typeof BACK;

export interface Asker {
  /** The next choice of the menu as typed; BACK at Ctrl-C, null at the end of the input. */
  choice(menu: string): Promise<string | Back | null>;
  /** @param choices asked for only where they are shown. */
  pick(message: string, choices: () => Promise<readonly Choice[]>): Promise<string | Back | null>;
  /** Words: what is asked for first, and an answer to `more` behind it where one is given. */
  words(first: FirstQuestion, more: Question | null): Promise<readonly string[] | Back | null>;
  /** @param caution what a no prevents; a script is asked only before it overwrites. */
  agrees(message: string, caution: 'overwrite' | 'delete' | 'rename'): Promise<boolean>;
  /** Tells somebody who is there that his no was heard. */
  unchanged(): void;
  close(): void;
}

/** What is asked for first: with what stands there already, and what a person's answer is refused with at once. */
interface FirstQuestion {
  readonly message: string;
  readonly initial?: string;
  readonly objection?: (answer: string) => string | undefined;
}

/** A second question, with what is meant where nothing is answered. */
interface Question {
  readonly message: string;
  readonly initial: (first: string) => string;
}
