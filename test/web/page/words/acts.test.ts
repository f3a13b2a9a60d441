// How acts are taken back, what a halt offers, and the words for steps of advice.
import { expect, test } from 'vitest';
import { plainAdvice, stepLabel } from '../../../../src/web/page/words/advice-words.js';
import { foundText, haltAdvice } from '../../../../src/web/page/words/halts.js';
import { type Done, resolvedOf, type UndoStep, undoOf } from '../../../../src/web/page/words/undo.js';
import { conflict } from './fixtures.js';

const resolved = (answer: object, original: boolean): Done => ({
  act: 'resolve',
  answer: resolvedOf({ from: null, removed: [], renamed: [], ...answer }, conflict(original ? {} : { original: null })),
});

test.each<[Done, UndoStep[]]>([
  [{ act: 'lock', path: 'x' }, [{ do: 'unlock', path: 'x' }]],
  [{ act: 'unlock', path: 'x', message: 'why', side: 'b' }, [{ do: 'lock', path: 'x', message: 'why', side: 'b' }]],
  [{ act: 'rename', path: 'x', to: 'y', replaced: false }, [{ do: 'rename', path: 'y', to: 'x' }]],
  [
    { act: 'rename', path: 'x', to: 'y', replaced: true },
    [
      { do: 'rename', path: 'y', to: 'x' },
      { do: 'restore', path: 'y' },
    ],
  ],
  [
    { act: 'delete', paths: ['d/x', 'd/y'] },
    [
      { do: 'restore', path: 'd/x' },
      { do: 'restore', path: 'd/y' },
    ],
  ],
  [
    {
      act: 'upload',
      files: [
        { path: 'new', created: true },
        { path: 'old', created: false },
      ],
    },
    [
      { do: 'delete', path: 'new' },
      { do: 'restore', path: 'old' },
    ],
  ],
  [resolved({ removed: ['copy'] }, true), [{ do: 'restore', path: 'copy' }]],
  [
    resolved({ from: 'copy', removed: ['copy'] }, true),
    [
      { do: 'restore', path: 'p.txt' },
      { do: 'restore', path: 'copy' },
    ],
  ],
  [
    resolved({ from: 'copy', removed: ['copy'] }, false),
    [
      { do: 'delete', path: 'p.txt' },
      { do: 'restore', path: 'copy' },
    ],
  ],
  [resolved({ renamed: [{ from: 'copy', to: 'plain' }] }, true), [{ do: 'rename', path: 'plain', to: 'copy' }]],
  [{ act: 'pause' }, [{ do: 'resume' }]],
  [{ act: 'resume' }, [{ do: 'pause' }]],
])('%j is taken back', (done, steps) => {
  expect(undoOf(done)).toEqual(steps);
});

test.each([
  ['root-missing', 0],
  ['root-emptied', 2],
  ['mass-deletion', 2],
  ['other-partner', 1],
  ['root-unmounted', 1],
  ['rolled-back', 2],
  ['locks-lost', 1],
])('%s has %i ways out', (code, ways) => {
  expect(haltAdvice(code)?.ways).toHaveLength(ways);
});

test('what is no halt has none', () => {
  expect(haltAdvice('no-space')).toBeNull();
  expect(haltAdvice('constructor')).toBeNull();
});

test('a message without its commands', () => {
  expect(foundText('5 files are gone. Nothing is touched; it goes on when they are back. Or type: client resume')).toBe(
    '5 files are gone. Nothing is touched; it goes on when they are back.',
  );
  expect(foundText('Something else.')).toBe('Something else.');
});

test('steps are buttons, and a hint without steps a sentence', () => {
  expect(stepLabel({ do: 'ask', path: 'x' })).toBe('Ask to unlock');
  expect(stepLabel({ do: 'lock', files: 'x', wait: true })).toBe('Wait in line');
  expect(stepLabel({ do: 'overwrite' })).toBeNull();
  expect(plainAdvice('Try again.', [])).toBe('Try again.');
  expect(plainAdvice('See: client list', ['See: ', { do: 'list' }])).toBe('');
});
