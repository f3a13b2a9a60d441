import { expect, test } from 'vitest';
import { pathsOfEvent } from '../../src/core/events.js';

test('an event is about its path, the path of before, and the copy', () => {
  const renamed = { event: 'synced', path: 'y', was: 'x', action: 'renamed', from: 'a', to: 'b' } as const;
  expect(pathsOfEvent({ ...renamed, bytes: 0, sent: 0, ms: 0 })).toEqual(['y', 'x']);
  expect(pathsOfEvent({ event: 'conflict', path: 'x', kept: 'a', copy: 'x (conflict)' })).toEqual([
    'x',
    'x (conflict)',
  ]);
  expect(pathsOfEvent({ event: 'peer-lost', reason: 'It is gone.' })).toEqual([]);
});
