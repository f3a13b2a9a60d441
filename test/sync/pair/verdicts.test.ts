// When a reason to stop is a halt, and when it only blocks because it is not decided yet.
import { describe, expect, test } from 'vitest';
import { lossOn, Verdicts } from '../../../src/sync/pair/verdicts.js';

const halt = (message: string) => ({ code: 'mass-deletion', message }) as const;
const messages = (verdicts: Verdicts) => verdicts.halts.map(({ message }) => message);

test('each side has a cause of its own for losses', () => {
  expect([lossOn('a'), lossOn('b')]).toEqual(['loss-a', 'loss-b']);
});

test('a cause is there until it is removed, once', () => {
  const verdicts = new Verdicts();
  expect([verdicts.size, verdicts.has('partner'), verdicts.delete('partner')]).toEqual([0, false, false]);
  verdicts.add('partner', halt('one'), null, 0);
  verdicts.add('rollback', halt('two'), null, 0);
  expect([verdicts.size, verdicts.has('partner'), messages(verdicts)]).toEqual([2, true, ['one', 'two']]);
  verdicts.add('partner', halt('other'), null, 0);
  expect([verdicts.size, messages(verdicts)]).toEqual([2, ['other', 'two']]);
  expect([verdicts.delete('partner'), verdicts.delete('partner'), messages(verdicts)]).toEqual([true, false, ['two']]);
  verdicts.clear();
  expect([verdicts.size, messages(verdicts)]).toEqual([0, []]);
});

describe('a cause in doubt', () => {
  test.each<[doubt: 'in-motion' | 'unseen' | null, isHalt: boolean, isSettling: boolean]>([
    [null, true, false],
    ['in-motion', false, true],
    ['unseen', false, false],
  ])('by %s is a halt: %s', (doubt, isHalt, isSettling) => {
    const verdicts = new Verdicts();
    verdicts.add('loss-a', halt('x'), doubt, 0);
    expect([verdicts.size, messages(verdicts).length, verdicts.isSettling]).toEqual([1, isHalt ? 1 : 0, isSettling]);
  });

  test.each<['in-motion' | 'unseen', number, boolean]>([
    ['in-motion', 14_999, false],
    ['in-motion', 15_000, true],
    ['unseen', 14_999, false],
    // A side that has not been scanned may be away for hours.
    ['unseen', 86_400_000, false],
  ])('by %s is a halt after %d ms: %s', (doubt, ms, isHalt) => {
    const verdicts = new Verdicts();
    verdicts.add('loss-a', halt('x'), doubt, 1_000);
    verdicts.add('loss-a', halt('x'), doubt, 1_000 + Math.min(ms, 5_000));
    verdicts.add('loss-a', halt('now'), doubt, 1_000 + ms);
    expect([messages(verdicts), verdicts.isSettling]).toEqual([
      isHalt ? ['now'] : [],
      doubt === 'in-motion' && !isHalt,
    ]);
  });

  test('that was a halt once stays one until it is gone; then it is doubted anew', () => {
    const verdicts = new Verdicts();
    verdicts.add('loss-a', halt('first'), null, 0);
    for (const doubt of ['in-motion', 'unseen'] as const) {
      verdicts.add('loss-a', halt(doubt), doubt, 1);
      expect([messages(verdicts), verdicts.isSettling]).toEqual([[doubt], false]);
    }
    verdicts.delete('loss-a');
    verdicts.add('loss-a', halt('again'), 'in-motion', 20_000);
    expect([messages(verdicts), verdicts.isSettling]).toEqual([[], true]);
    verdicts.add('loss-a', halt('again'), 'in-motion', 34_999);
    expect(messages(verdicts)).toEqual([]);
  });

  test('settles beside one that is decided', () => {
    const verdicts = new Verdicts();
    verdicts.add('loss-a', halt('a'), null, 0);
    verdicts.add('loss-b', halt('b'), 'in-motion', 0);
    expect([messages(verdicts), verdicts.isSettling]).toEqual([['a'], true]);
  });
});
