import { describe, expect, test } from 'vitest';
import { clientProgram } from '../../src/cli/program/program.js';

const helpOf = (name: string | undefined): string =>
  clientProgram(
    () => {},
    () => async () => {},
    name,
  ).helpInformation();

describe('the help', () => {
  test.each(['lockstep', 'npx lockstep'])('of %s names what only it can do', (name) => {
    const [, own = ''] = helpOf(name).split(/A pair of your own:\n|\n\nCommands:/);
    expect(own.match(/^ {2}\w+/gm)?.map((word) => word.trim())).toEqual([
      ...['up', 'serve', 'service', 'doctor', 'config', 'key'],
    ]);
  });

  test.each([undefined, 'client', 'npx client'])('of %s does not', (name) => {
    expect(helpOf(name)).not.toContain('A pair of your own');
  });
});
