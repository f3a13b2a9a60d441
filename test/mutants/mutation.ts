// What a mutant is: one place of one file, and what stands there instead.
import ts from 'typescript';

export interface Mutation {
  /** From the checkout, with slashes: `src/core/path.ts`. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** Which operator made it, in two or three words. */
  readonly operator: string;
}

/** What a person needs to find and judge it. */
export interface Shown {
  /** Counted from one. */
  readonly line: number;
  /** The whole line as it is, without the spaces around it. */
  readonly source: string;
  readonly original: string;
  readonly mutated: string;
}

export const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);

export const applied = ({ start, end, replacement }: Mutation, text: string): string =>
  text.slice(0, start) + replacement + text.slice(end);

export function shown({ start, end, replacement }: Mutation, text: string): Shown {
  const line = text.slice(0, start).split('\n').length;
  return {
    line,
    source: text.split('\n')[line - 1]!.trim(),
    original: oneLine(text.slice(start, end)),
    mutated: oneLine(replacement),
  };
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
