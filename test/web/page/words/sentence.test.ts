// The state of the pair in one sentence.
import { expect, test } from 'vitest';
import type { LiveState } from '../../../../src/client/live-state.js';
import { stateSentence } from '../../../../src/web/page/words/sentence.js';
import { at, live, NOW, status } from './fixtures.js';

const problem = { path: 'x', code: 'no-space' as const, message: 'full' };
const halt = {
  path: '',
  code: 'root-emptied' as const,
  message: 'It is empty. Nothing is touched. Type: client resume',
};

test.each<[it: string, known: Partial<LiveState>, text: string, more: RegExp, tone: string]>([
  ['nothing is known', {}, 'Asking the server how things are', /^$/, 'plain'],
  ['in sync', { status: status() }, 'In sync', /6 files on both sides/, 'good'],
  ['empty', { status: status({ a: { files: 0, bytes: 0 } }) }, 'In sync', /Both sides are empty/, 'good'],
  [
    'in sync with exceptions',
    { status: status({ held: 2, conflicts: 2, problems: [problem] }) },
    'In sync, but for 2 held updates, 2 conflict copies and 1 problem',
    /6 files/,
    'wait',
  ],
  [
    'on the way',
    { status: status({ state: 'syncing', left: { files: 3, bytes: 2048 } }) },
    '3 files on the way, 2.00 KB to go',
    /Everything else/,
    'busy',
  ],
  ['comparing', { status: status({ state: 'syncing' }) }, 'Comparing both sides', /Everything else/, 'busy'],
  ['scanning', { status: status({ state: 'scanning' }) }, 'Looking through both directories', /so far/, 'busy'],
  [
    'paused',
    { status: status({ state: 'paused', paused: { by: 'ben', since: at(14, 3) }, left: { files: 1, bytes: 0 } }) },
    'Paused by ben since 14:03',
    /1 change to carry over/,
    'wait',
  ],
  [
    'asked before anything',
    { status: status({ state: 'paused' }) },
    'Waiting for an answer',
    /Somebody is asked/,
    'wait',
  ],
  [
    'halted, without the words of the command line',
    { status: status({ state: 'halted', problems: [problem, halt] }) },
    'Stopped for safety: somebody has to look',
    /^It is empty\. Nothing is touched\.$/,
    'stop',
  ],
  [
    'without the other side',
    { status: status({ state: 'peer-lost', left: { files: 2, bytes: 0 } }) },
    'The other side is away; both sides last agreed 14:03',
    /2 changes wait here/,
    'wait',
  ],
  [
    'without the server, whatever was known',
    { status: status(), lostSince: new Date(at(14, 3)) },
    'The server does not answer since 14:03',
    /goes on by itself/,
    'wait',
  ],
])('%s', (_, known, text, more, tone) => {
  expect(stateSentence(live(known), NOW)).toMatchObject({ text, tone, more: expect.stringMatching(more) });
});

test('what counts down is not spoken each time', () => {
  const spoken = (files: number) =>
    stateSentence(live({ status: status({ state: 'syncing', left: { files, bytes: 0 } }) }), NOW).spoken;
  expect(spoken(3)).toBe(spoken(2));
});
