// Advice keeps text and steps apart, so that whoever shows it chooses the words of the steps.
import { expect, test } from 'vitest';
import { type Advice, advise } from '../../src/core/advice.js';

const list = { do: 'list' } as const;

const advices: [it: string, advice: Advice, parts: Advice][] = [
  ['text', advise`Try again.`, ['Try again.']],
  ['nothing', advise``, []],
  ['a step at the end', advise`See: ${list}`, ['See: ', list]],
  ['a step alone', advise`${list}`, [list]],
  ['a name is text', advise`Ask ${'anna'}; see: ${list}.`, ['Ask anna; see: ', list, '.']],
  ['steps beside each other', advise`${list}${list}`, [list, list]],
];

test.each(advices)('%s', (_, advice, parts) => {
  expect(advice).toEqual(parts);
});
