// What was given for an option: its text, and where that comes from, for messages.

/** The source is a flag or a variable. */
export interface Given {
  readonly text: string;
  readonly from: string;
}
