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
  words(message: string, more: Question | null): Promise<readonly string[] | Back | null>;
  /** @param caution whether no answer means no; a script is asked only then. */
  agrees(message: string, caution: 'overwrite' | 'delete'): Promise<boolean>;
  close(): void;
}

/** A second question, with what is meant where nothing is answered. */
export interface Question {
  readonly message: string;
  readonly initial: (first: string) => string;
}
