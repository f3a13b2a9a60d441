// How steps are worded for clients that know none, and which advice from a server is believed.
import { expect, test } from 'vitest';
import { type Advice, advise, type Step } from '../../../src/core/advice.js';
import { adviceText, parseAdvice, withAdvice } from '../../../src/wire/frame/advice-text.js';

const steps: [step: Step, text: string][] = [
  [{ do: 'list' }, 'client list'],
  [{ do: 'locks' }, 'client locks'],
  [{ do: 'status' }, 'client status'],
  [{ do: 'conflicts' }, 'client conflicts'],
  [{ do: 'flush' }, 'client flush'],
  [{ do: 'versions' }, 'client versions'],
  [{ do: 'versions', path: 'docs/plan.txt' }, 'client versions docs/plan.txt'],
  [{ do: 'resume' }, 'client resume'],
  [{ do: 'resume', confirm: 'accept-deletes' }, 'client resume --accept-deletes'],
  [{ do: 'resume', confirm: 'new-partner' }, 'client resume --new-partner'],
  [{ do: 'resume', confirm: 'accept-rollback' }, 'client resume --accept-rollback'],
  [{ do: 'resume', confirm: 'accept-lost-locks' }, 'client resume --accept-lost-locks'],
  [{ do: 'lock', files: 'art/**' }, "client lock 'art/**'"],
  [{ do: 'lock', files: 'roof.dwg', wait: true }, 'client lock roof.dwg --wait'],
  [{ do: 'find', files: 'art/**' }, "client list 'art/**'"],
  [{ do: 'unlock', path: 'my plan.txt' }, "client unlock 'my plan.txt'"],
  [{ do: 'unlock', path: "anna's.txt" }, "client unlock 'anna'\\''s.txt'"],
  [{ do: 'unlock', path: 'größe/図面.dwg' }, 'client unlock größe/図面.dwg'],
  [{ do: 'unlock', path: '$HOME`id`' }, "client unlock '$HOME`id`'"],
  [{ do: 'unlock', path: '-n' }, 'client unlock ./-n'],
  [{ do: 'unlock', path: '7' }, 'client unlock ./7'],
  [{ do: 'rename', path: 'a.txt', to: 'docs/' }, 'client rename a.txt docs/'],
  [{ do: 'delete-all', path: 'notes' }, 'client delete --recursive notes'],
  [{ do: 'overwrite' }, '--overwrite'],
  [{ do: 'keep', keep: 'both' }, '--keep both'],
];

test.each(steps)('%j', (step, text) => {
  expect(adviceText([step])).toBe(text);
  expect(parseAdvice(JSON.parse(JSON.stringify([step])))).toEqual([step]);
});

test('a program of another name', () => {
  const advice = advise`See: ${{ do: 'list' }}, or type ${{ do: 'resume', confirm: 'new-partner' }}.`;
  expect(adviceText(advice, 'lockstep')).toBe('See: lockstep list, or type lockstep resume --new-partner.');
  expect(withAdvice({ message: 'It is halted.', advice }, 'lockstep')).toBe(
    `It is halted. ${adviceText(advice, 'lockstep')}`,
  );
  expect(withAdvice({ message: 'It is halted.' })).toBe('It is halted.');
});

const known: Advice = ['See: ', { do: 'list' }];
const foreign: [it: string, value: unknown][] = [
  ['nothing', undefined],
  ['a sentence', 'See: client list'],
  ['an unknown step', [...known, { do: 'format-disk' }]],
  ['a step without its path', [{ do: 'unlock' }]],
  ['an unknown confirmation', [{ do: 'resume', confirm: 'everything' }]],
  ['a path that is none', [{ do: 'unlock', path: { toString: 'x' } }]],
  ['a number', [1]],
  ['too many parts', Array.from({ length: 33 }, () => 'x')],
  ['a part without end', ['x'.repeat(16_385)]],
];

test.each(foreign)('%s is no advice', (_, value) => {
  expect(parseAdvice(value)).toEqual([]);
  expect(parseAdvice(known)).toEqual(known);
});
