// Problems with Lockstep's own files: how long each is listed, and when it is told that the list has changed.
import { expect, test } from 'vitest';
import { StateProblems } from '../../../src/disk/state/problems.js';
import { silent } from '../../../src/log.js';

function open() {
  const clock = { now: 1_000 };
  const warnings: string[] = [];
  const log = { ...silent, warn: (text: string) => void warnings.push(text) };
  const problems = new StateProblems(log, () => clock.now);
  let changes = 0;
  problems.onChange = () => void changes++;
  return { clock, warnings, problems, changes: () => changes, paths: () => problems.list().map(({ path }) => path) };
}

test('one that is repaired is listed for ten seconds', () => {
  const { clock, problems, paths } = open();
  problems.note('locks.log', 'state-damaged', 'It was removed.');
  clock.now += 9_999;
  expect(paths()).toEqual(['.lockstep/locks.log']);
  clock.now += 1;
  expect(paths()).toEqual([]);
});

test('one that lasts is told once, and listed until it is cleared', () => {
  const { clock, problems, paths, warnings, changes } = open();
  for (const message of ['no', 'no', 'no longer']) problems.add('', 'io-error', message);
  clock.now += 100_000;
  expect([paths(), warnings, changes()]).toEqual([['.lockstep'], ['no', 'no longer'], 2]);
  problems.clear('');
  problems.clear('');
  expect([paths(), changes()]).toEqual([[], 3]);
});

test('one that is repaired after it lasted is listed once', () => {
  const { problems } = open();
  problems.add('held', 'io-error', 'no');
  problems.note('held', 'state-damaged', 'It is there again.');
  expect(problems.list().map(({ code }) => code)).toEqual(['state-damaged']);
});
