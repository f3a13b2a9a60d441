// The help of every program and command fits the window, and breaks no line within a word.
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { helpColumns } from '../../src/cli/help/layout.js';
import { clientProgram } from '../../src/cli/program/program.js';
import { PLAIN_NAMES } from '../../src/cli/program-name.js';
import { serverCommand } from '../../src/cli/server/command.js';
import { upCommand } from '../../src/cli/up/options.js';

/** The help of all programs and commands, by their names. */
function helps(columns: number): [name: string, help: string][] {
  let text = '';
  const print = (more: string) => {
    text += more;
  };
  const client = clientProgram(print, () => async () => {}, 'client', columns);
  const servers = (['a', 'b'] as const).map((which) => serverCommand(which, print, PLAIN_NAMES, columns));
  const all: Command[] = [client, ...client.commands, ...servers, upCommand(print, columns)];
  return all.map((command) => {
    text = '';
    command.outputHelp();
    return [command.name(), text];
  });
}

describe.each([40, 60, 80, 100, 200])('in a window of %i columns', (columns) => {
  test('every line fits, or is one word', () => {
    const wide = helps(columns).flatMap(([name, help]) =>
      help
        .split('\n')
        .filter((line) => line.length > columns && line.trim().includes(' '))
        .map((line) => `${name}: ${line}`),
    );
    expect(wide).toEqual([]);
  });

  test('no word is broken, and none is missing', () => {
    const words = (all: [string, string][]) => all.map(([name, help]) => `${name}: ${help.split(/\s+/).join(' ')}`);
    expect(words(helps(columns))).toEqual(words(helps(10_000)));
  });
});

test.each([
  [{ isTTY: true, columns: 120 }, 120],
  [{ isTTY: true, columns: 0 }, 80],
  [{ isTTY: true }, 80],
  [{ columns: 120 }, 80],
])('of %j the columns are %i', (stdout, columns) => {
  expect(helpColumns(stdout)).toBe(columns);
});
