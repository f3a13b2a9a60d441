// The questions of the menu, for a person at a terminal or for the lines of a script.

/** A file to pick. */
export interface Choice {
  /** The file as an argument of a command. */
  readonly target: string;
  readonly index: string;
  readonly name: string;
  /** Its state. */
  readonly note: string;
}

/** The answer of a person who goes back (Ctrl-C, Escape), and the value at the end of a script. */
export const BACK = Symbol('back');
export type Back = typeof BACK;

export interface Asker {
  /** Whether a person answers: then what would be refused is refused before more is asked. */
  readonly isPerson: boolean;
  /** The next choice of the menu as typed; BACK at Ctrl-C, null at the end of the input. */
  choice(menu: string): Promise<string | Back | null>;
  /** @param choices called only where they are shown. */
  pick(message: string, choices: () => Promise<readonly Choice[]>): Promise<string | Back | null>;
  /** Asks for words: for the first question, and optionally for `more` after it. */
  words(first: FirstQuestion, more: Question | null): Promise<readonly string[] | Back | null>;
  /** @param caution what a no prevents; a script is asked only before it overwrites. */
  agrees(message: string, caution: 'overwrite' | 'delete' | 'rename'): Promise<boolean>;
  /** Tells a person that nothing was changed. */
  unchanged(): void;
  close(): void;
}

/** The first question, with a default and a check of a person's answer. */
interface FirstQuestion {
  readonly message: string;
  readonly initial?: string;
  readonly objection?: (answer: string) => string | undefined;
}

/** A second question, with its default. */
interface Question {
  readonly message: string;
  readonly initial: (first: string) => string;
}
