// Why server-a halts, in words: each says what was found, on which side, and what to type.

import { expect, test } from 'vitest';
import {
  acceptedText,
  type Halt,
  locksHalt,
  lossHalt,
  partnerHalt,
  rollbackHalt,
  unmountedHalt,
} from '../../../src/sync/pair/halt-text.js';
import { withAdvice } from '../../../src/wire/frame/advice-text.js';

const match = (same: number, of: number) => ({ same, of, unknown: 0 });
const loss = (orphans: readonly string[]) => ({ message: 'It is cut.', locks: 1, held: 2, orphans });
const names = (count: number) => Array.from({ length: count }, (_, n) => `h${n}`);

test.each<[it: string, halt: Halt, code: string, words: RegExp]>([
  [
    'all is lost',
    lossHalt('root-emptied', 'b', '/b', { files: 7, of: 9 }),
    'root-emptied',
    /^Side b \("\/b"\) has no file any more, but both sides shared 9 .*from side a with: client resume --new-partner; .* delete them on side a, too .*--accept-deletes$/,
  ],
  [
    'much is lost',
    lossHalt('mass-deletion', 'a', '', { files: 7, of: 9 }),
    'mass-deletion',
    /^7 of the 9 files that both sides shared are missing on side a\. .*--accept-deletes/,
  ],
  [
    'an empty partner',
    partnerHalt(match(0, 9), 0, '/b', null),
    'other-partner',
    /^Side b \("\/b"\) is empty and .* shared 9 files \(is a disk not mounted\?\)\. .*--new-partner$/,
  ],
  [
    'another partner',
    partnerHalt(match(1, 1), 5, '', '/old'),
    'other-partner',
    /^Side b is another directory .* it has 1 of the 1 file that both sides shared, which was "\/old"\. /,
  ],
  ['another partner in the same place', partnerHalt(match(1, 9), 5, '/b', '/b'), 'other-partner', /shared\. Nothing/],
  ['another partner than an unknown one', partnerHalt(match(1, 9), 5, '/b', ''), 'other-partner', /shared\. Nothing/],
  [
    'an older one',
    rollbackHalt(1, '/b'),
    'rolled-back',
    /acknowledged.*: 1 path would change on side a\. .*--new-partner; .*--accept-rollback$/,
  ],
  ['a much older one', rollbackHalt(2, ''), 'rolled-back', /^Side b is older .*: 2 paths would change/],
  [
    'no disk',
    unmountedHalt(match(1, 9), '/a'),
    'root-unmounted',
    /^Side a \("\/a"\) is on another device .* has 1 of the 9 files of side b .*--new-partner$/,
  ],
  [
    'locks, and nothing else',
    locksHalt(loss([])),
    'locks-lost',
    /^Locks may be lost\. It is cut\. 1 lock and 2 held updates could be read and are in force\. Nothing .*--accept-lost-locks/,
  ],
  [
    'locks and a content',
    locksHalt(loss(names(1))),
    'locks-lost',
    /In \.lockstep\/held 1 content stay that no update is known of: "h0"\. Nothing/,
  ],
  [
    'locks and five contents',
    locksHalt(loss(names(5))),
    'locks-lost',
    /5 contents stay .*: "h0", "h1", "h2", "h3", "h4"\. Nothing/,
  ],
  [
    'locks and seven contents',
    locksHalt(loss(names(7))),
    'locks-lost',
    /7 contents stay .*: "h0", "h1", "h2", "h3", "h4" and 2 more\. Nothing/,
  ],
])('%s', (_, halt, expected, words) => {
  expect([halt.code, withAdvice(halt)]).toEqual([expected, expect.stringMatching(words)]);
});

test.each([
  [5, 9, 'but has 5 of the 9 files that both sides shared'],
  [1, 1, 'but has 1 of the 1 file that both sides shared'],
  [0, 0, 'and both sides shared no file'],
])('another root that was taken in with %i of %i files is said to be', (same, of, why) => {
  expect(acceptedText(match(same, of), '/b')).toBe(
    `Side b ("/b") is not known by its identity, ${why}: both sides are compared anew, and nothing is deleted.`,
  );
});
