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
    expect(helpOf(name)).toMatch(/A pair of your own:\n {2}up .*\n(?:.*\n)* {2}serve .*\n {2}config /);
  });

  test.each([undefined, 'client', 'npx client'])('of %s does not', (name) => {
    expect(helpOf(name)).not.toContain('A pair of your own');
  });
});
