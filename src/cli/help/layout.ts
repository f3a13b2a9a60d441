// Lays the help out for the width of a window, so that no line is broken within a word: what stands in two columns where
// there is room stands below each other where there is not.
import { type Command, Help } from 'commander';

/** A word and its meaning, which may be empty. */
export type Row = readonly [word: string, meaning: string];

export const DEFAULT_COLUMNS = 80;
/** Wider lines are hard to read. */
const MAX_COLUMNS = 100;
/** A narrower second column stands below the first. */
const MIN_MEANING = 28;
const INDENT = 2;

/** @returns the columns of stdout where it is a terminal that tells them, else 80. */
export const helpColumns = (stdout: { isTTY?: boolean; columns?: number } = process.stdout): number =>
  (stdout.isTTY && stdout.columns) || DEFAULT_COLUMNS;

/** Sets how `command`, and the commands that are added to it later, lay their help out. */
export function layOut(command: Command, columns: number): Command {
  const helpWidth = Math.min(columns, MAX_COLUMNS);
  return command.configureHelp({
    helpWidth,
    minWidthToWrap: 1,
    commandUsage: (one) => {
      const [first = '', ...more] = indented(
        `Usage: ${Help.prototype.commandUsage.call(new Help(), one)}`,
        0,
        helpWidth,
      );
      return [first.slice('Usage: '.length), ...more.map((line) => ' '.repeat(2 * INDENT) + line)].join('\n');
    },
    formatItem: (term, termWidth, description, helper) => {
      const isBeside = helpWidth - INDENT - termWidth - 2 >= MIN_MEANING;
      if (isBeside || description === '')
        return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
      return [`${' '.repeat(INDENT)}${term}`, ...indented(description, 3 * INDENT, helpWidth)].join('\n');
    },
  });
}

/** @returns the lines of a table of two columns. */
export function tableLines(rows: readonly Row[], columns: number): string[] {
  const room = Math.min(columns, MAX_COLUMNS);
  const width = Math.max(0, ...rows.map(([word, meaning]) => (meaning === '' ? 0 : word.length)));
  const isBeside = room - INDENT - width - 2 >= MIN_MEANING;
  return rows.flatMap(([word, meaning]) => {
    const first = indented(word, INDENT, room);
    if (meaning === '') return first;
    if (!isBeside) return [...first, ...indented(meaning, 3 * INDENT, room)];
    return indented(meaning, INDENT + width + 2, room).map((line, i) =>
      i === 0 ? `${' '.repeat(INDENT)}${word.padEnd(width)}  ${line.trimStart()}` : line,
    );
  });
}

/** @returns `text` in lines that fit `columns`, as far as its words do. */
export const wrapped = (text: string, columns: number): string =>
  indented(text, 0, Math.min(columns, MAX_COLUMNS)).join('\n');

function indented(text: string, indent: number, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length >= columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one);
}
