// What completions have in common: candidates, options and their values, files of this machine.
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Command, Option } from 'commander';
import { shownName } from '../../render/width.js';

export interface Candidate {
  readonly value: string;
  readonly note: string;
}

export const plain = (value: string): Candidate => ({ value, note: '' });

/** @returns the long options of a command and of the program. */
export const optionsOf = (command: Command | null, program: Command): string[] => [
  ...[...(command?.options ?? []), ...program.options].flatMap(({ long }) => (long ? [long] : [])),
  '--help',
];

/** @returns an option of the command or the program by its name as typed. */
export const optionCalled = (typed: string, command: Command | null, program: Command): Option | undefined =>
  [...(command?.options ?? []), ...program.options].find((option) => isCalled(option, typed));

export const isCalled = ({ short, long }: Option, typed: string): boolean => typed === short || typed === long;

/** The values of options that are checked elsewhere. */
const VALUES: Readonly<Record<string, readonly string[]>> = { '--log': ['text', 'json'] };

/** @returns the values of an option: its choices, those in `<a|b>`, or local files where it takes a path. */
export function valuesOf(option: Option, word: string): Candidate[] {
  if (/<(path|dir)>/.test(option.flags)) return localFiles(word);
  const inFlags = /<([^>]*\|[^>]*)>/.exec(option.flags)?.[1]?.split('|') ?? [];
  return (option.argChoices ?? VALUES[option.long ?? ''] ?? inFlags).map(plain);
}

/** @returns local files whose names begin with the word. */
export function localFiles(word: string): Candidate[] {
  const at = word.lastIndexOf('/') + 1;
  const directory = word.slice(0, at);
  try {
    const entries = readdirSync(directory === '' ? '.' : directory.replace(/^~(?=\/)/, homedir()), {
      withFileTypes: true,
    });
    return entries
      .filter(({ name }) => shownName(name) === name && (!name.startsWith('.') || word.slice(at).startsWith('.')))
      .map((entry) => plain(`${directory}${entry.name}${entry.isDirectory() ? '/' : ''}`));
  } catch {
    return []; // there is no such directory
  }
}
