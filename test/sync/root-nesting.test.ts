// Which two roots cannot be a pair.
import { expect, test } from 'vitest';
import { nestingFault } from '../../src/sync/root-nesting.js';

test.each<[it: string, a: [string, string[]], b: [string, string[]], why: RegExp | null]>([
  ['beside each other', ['a', ['up']], ['b', ['up']], null],
  ['far apart', ['a', []], ['b', []], null],
  ['the same directory', ['a', ['up']], ['a', ['up']], /are the same directory/],
  ['b in a', ['a', []], ['b', ['up', 'a', 'b0']], /^Server-b's directory lies inside that of server-a\./],
  ['a in b', ['a', ['x', 'b']], ['b', []], /^Server-a's directory lies inside that of server-b\./],
])('%s', (_, [a, aboveA], [b, aboveB], why) => {
  const fault = nestingFault({ id: a, above: aboveA }, { id: b, above: aboveB });
  if (why === null) expect(fault).toBe(null);
  else
    expect(fault).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(why),
      hint: expect.stringContaining('--dir'),
    });
});
