// The end of a program's help and man page as data: examples, variables, exit codes.

/** A word and its meaning, which may be empty. */
export type Row = readonly [word: string, meaning: string];

export interface Appendix {
  readonly examples: readonly Row[];
  /** Further paragraphs. */
  readonly notes: readonly string[];
  readonly environment: readonly Row[];
  /** A note on all variables; may be empty. */
  readonly environmentNote: string;
  readonly exitCodes: readonly Row[];
}

const COLUMNS = 78;

/** @returns the appendix as the help shows it. */
export function appendixText({ examples, notes, environment, environmentNote, exitCodes }: Appendix): string {
  const codes = exitCodes.map(([code, meaning]) => `${code} ${meaning}`).join(', ');
  return [
    ['', 'Examples:', ...table(examples)].join('\n'),
    ...notes.map(wrapped),
    ['Environment:', ...table(environment), ...(environmentNote === '' ? [] : [wrapped(environmentNote)])].join('\n'),
    wrapped(`Exit codes: ${codes}.`),
  ].join('\n\n');
}

function table(rows: readonly Row[]): string[] {
  const width = Math.max(0, ...rows.map(([word, meaning]) => (meaning === '' ? 0 : word.length)));
  return rows.map(([word, meaning]) => `  ${word.padEnd(width)}  ${meaning}`.trimEnd());
}

function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
