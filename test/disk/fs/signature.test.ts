// Which signatures prove that a file is unchanged.
import { expect, test } from 'vitest';
import { isRacy, microseconds, racyMs, sameSignature } from '../../../src/disk/fs/signature.js';

const at = (mtimeMs: number, ctimeMs = mtimeMs) => ({ ino: 7, size: 3, mtimeMs, ctimeMs });
const FINE = 1_700_000_000_123.5;
const COARSE = 1_700_000_000_000;

test.each<[it: string, file: ReturnType<typeof at>, window: number]>([
  ['a file system with fine times', at(FINE), 20],
  ['one that has seconds', at(COARSE), 2_000],
  ['fine times, one of which is a whole second', at(COARSE, FINE), 20],
  ['fine times, the other of which is a whole second', at(FINE, COARSE), 20],
])('on %s a write is seen by its time after a while', (_, file, window) => {
  expect(racyMs(file)).toBe(window);
});

test.each<[it: string, file: ReturnType<typeof at>, read: number, isRacy: boolean]>([
  ['within the window', at(FINE), FINE + 19, true],
  ['at its end', at(FINE), FINE + 20, false],
  ['before the file was written, by another clock', at(FINE), FINE - 19, true],
  ['long before', at(FINE), FINE - 20, false],
  ['long after the content, but just after the name was changed', at(FINE, FINE + 500), FINE + 501, true],
  ['just after a time that was set, and long after that', at(FINE, FINE - 500), FINE + 1, true],
  ['within the window of coarse times', at(COARSE), COARSE + 1_999, true],
  ['at the end of that', at(COARSE), COARSE + 2_000, false],
])('a file that was read %s', (_, file, read, racy) => {
  expect(isRacy(file, read)).toBe(racy);
});

test.each(['ino', 'size', 'mtimeMs', 'ctimeMs'] as const)('another %s is another signature', (field) => {
  expect(sameSignature(at(FINE), at(FINE))).toBe(true);
  expect(sameSignature(at(FINE), { ...at(FINE), [field]: 1 })).toBe(false);
});

test.each([
  [0.0014, 1],
  [0.0016, 2],
  [1e15, Number.MAX_SAFE_INTEGER],
  [-1e15, Number.MIN_SAFE_INTEGER],
])('%d ms are %d µs: whole ones, that every program can tell', (ms, us) => {
  expect(microseconds(ms)).toBe(us);
});
