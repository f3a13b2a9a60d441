// The system's errors as text, from one table.
import { describe, expect, test } from 'vitest';
import { SyncError } from '../../src/core/errors.js';
import { reasonForNow, reasonOf, refusesLinks, systemTrouble } from '../../src/core/system-error.js';

const system = (code: string): Error => Object.assign(new Error(`${code}: as the system says it, open 'f'`), { code });

describe('an error is described by its code', () => {
  test.each([
    ['ENOSPC', 'no-space', 'the disk is full; free some space, it is tried again'],
    ['EDQUOT', 'no-space', 'the disk quota is used up; free some space, it is tried again'],
    ['EFBIG', 'no-space', 'the file is larger than this file system allows'],
    ['EROFS', 'read-only', 'the file system is read-only; it is tried again'],
    ['EACCES', 'no-permission', 'permission denied; change the permissions, it is tried again'],
    ['EIO', 'io-error', 'the disk reports an error; it is tried again'],
    ['ENAMETOOLONG', 'bad-name', 'the name is too long for this file system'],
    ['EPERM', 'no-permission', 'the operation is not permitted; change the permissions, it is tried again'],
    ['EILSEQ', 'bad-name', 'the name cannot be written on this file system'],
    ['EINVAL', 'bad-name', 'this file system refuses the name or the operation'],
    ['EBUSY', 'busy-file', 'the file is in use; it is tried again'],
    ['ETXTBSY', 'busy-file', 'the program is running; it is tried again'],
    ['EMFILE', 'io-error', 'too many files are open; it is tried again'],
    ['ENFILE', 'io-error', 'too many files are open; it is tried again'],
    ['EXDEV', 'io-error', 'another file system is mounted there; Lockstep stays on one'],
    ['ESTALE', 'io-error', 'ESTALE; it is tried again'],
  ])('%s', (errno, code, words) => {
    const trouble = systemTrouble(system(errno));
    expect([trouble.code, reasonForNow(trouble)]).toEqual([code, words]);
  });
});

test('a file system without hard links, or without more of them, is known by its code', () => {
  const codes = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES', 'ENOENT', 'EEXIST', ''];
  expect(codes.filter((code) => refusesLinks(system(code)))).toEqual(codes.slice(0, 6));
});

test('a cause is described', () => {
  const refusal = new SyncError('failed', 'It cannot be held.', { cause: system('ENOSPC') });
  expect(systemTrouble(refusal).code).toBe('no-space');
  expect(reasonOf(new Error('outer', { cause: refusal }))).toBe('the disk is full; free some space');
});

test('an error without a system code is described by its message', () => {
  expect(reasonOf(new SyncError('closed', 'The line is dead.'))).toBe('The line is dead');
  expect(reasonOf(new Error('odd', { cause: 'not an error' }))).toBe('odd');
});

test('circular causes end', () => {
  const error = new Error('round');
  error.cause = error;
  expect(systemTrouble(error)).toMatchObject({ code: 'io-error', why: 'round' });
});

test.each([
  [3, 'no-space'],
  [4, 'io-error'],
])('a cause is found %d steps below: %s', (depth, code) => {
  let error: Error = system('ENOSPC');
  for (let n = 0; n < depth; n++) error = new Error('outer', { cause: error });
  expect(systemTrouble(error).code).toBe(code);
});

test('an error of ours carries its code, what to do, facts and its cause', () => {
  const cause = system('EIO');
  const error = new SyncError('locked', 'It is locked.', { hint: 'Wait.', facts: { lock: 1 }, cause });
  expect(error).toMatchObject({ name: 'SyncError', code: 'locked', message: 'It is locked.', hint: 'Wait.', cause });
  expect(error.facts).toEqual({ lock: 1 });
  expect(new SyncError('failed', 'No.')).toMatchObject({ hint: '', facts: {} });
  expect('cause' in new SyncError('failed', 'No.')).toBe(false);
});
