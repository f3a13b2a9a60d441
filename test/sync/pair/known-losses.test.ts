// Accepted deletions as they are read from the archive, found and forgotten.
import { expect, test } from 'vitest';
import { KnownLosses } from '../../../src/sync/pair/known-losses.js';
import { p } from '../../support/disk-site.js';

function open() {
  const rows: string[] = [];
  const losses = new KnownLosses();
  losses.write = (key, value) => void rows.push(`${key} ${value}`);
  return { losses, rows, all: () => [...losses.all()].map(([key]) => key) };
}

test('what is read from the archive counts, unless a later row takes it back', () => {
  const { losses, rows, all } = open();
  losses.load('a:x', true);
  losses.load('b:d', true);
  losses.load('b:x', true);
  losses.load('a:x', null);
  losses.load('c:x', true);
  expect([all(), rows]).toEqual([['b:d', 'b:x'], []]);
});

test('a path stands for all that was below it, on its side', () => {
  const { losses } = open();
  losses.add('b', p('d'));
  expect([losses.has('b', p('d')), losses.has('b', p('d/e/x')), losses.has('b', p('dx'))]).toEqual([true, true, false]);
  expect(losses.has('a', p('d'))).toBe(false);
});

test('each change is written once', () => {
  const { losses, rows, all } = open();
  for (const _ of [1, 2]) losses.add('a', p('x'));
  losses.add('b', p('x'));
  losses.add('b', p('y'));
  losses.add('b', p('z'));
  losses.settle(p('x'));
  losses.settle(p('x'));
  losses.prune('b', (path) => path === 'y');
  expect([all(), rows.splice(0)]).toEqual([
    ['b:z'],
    ['a:x true', 'b:x true', 'b:y true', 'b:z true', 'a:x null', 'b:x null', 'b:y null'],
  ]);
  losses.clear();
  expect([all(), rows]).toEqual([[], ['b:z null']]);
});
