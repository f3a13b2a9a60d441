// The end of a program's help and man page as data: examples, variables, exit codes.
import { type Row, tableLines, wrapped } from './layout.js';

export interface Appendix {
  readonly examples: readonly Row[];
  /** Further paragraphs. */
  readonly notes: readonly string[];
  readonly environment: readonly Row[];
  /** A note on all variables; may be empty. */
  readonly environmentNote: string;
  readonly exitCodes: readonly Row[];
}

/** @returns the appendix as the help shows it in a window of `columns`. */
export function appendixText(
  { examples, notes, environment, environmentNote, exitCodes }: Appendix,
  columns: number,
): string {
  const variables = ['Environment:', ...tableLines(environment, columns)];
  const codes = exitCodes.map(([code, meaning]) => `${code} ${meaning}`).join(', ');
  return [
    ['', 'Examples:', ...tableLines(examples, columns)].join('\n'),
    ...notes.map((note) => wrapped(note, columns)),
    ...(environment.length === 0 ? [] : [variables.join('\n')]),
    ...(environmentNote === '' ? [] : [wrapped(environmentNote, columns)]),
    ...(exitCodes.length === 0 ? [] : [wrapped(`Exit codes: ${codes}.`, columns)]),
  ].join('\n\n');
}
