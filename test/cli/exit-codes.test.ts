import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/duration.js';
import { errorObject, errorText } from '../../src/cli/error-text.js';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { advise } from '../../src/core/advice.js';
import { type ErrorCode, SyncError } from '../../src/core/errors.js';

describe('exit codes', () => {
  it.each<[ErrorCode, number]>([
    ['failed', 1],
    ['timeout', 1],
    ['busy', 1],
    ['bad-message', 1],
    ['unknown-method', 1],
    ['too-large', 1],
    ['usage', 2],
    ['bad-params', 2],
    ['bad-path', 2],
    ['locked', 3],
    ['not-found', 4],
    ['exists', 5],
    ['unreachable', 6],
    ['closed', 6],
    ['not-allowed', 7],
    ['halted', 8],
    ['interrupted', 130],
  ])('%s: %d', (code, exit) => {
    expect(exitCodeOf(new SyncError(code, ''))).toBe(exit);
  });

  it('is 1 for anything else', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});

describe('sentence', () => {
  it.each([
    [new SyncError('failed', 'It failed', { hint: 'Try again.' }), 'It failed. Try again.'],
    [new SyncError('failed', 'Two\nlines \u001b[0m.'), 'Two\\nlines \\u001b[0m.'],
    [new TypeError('x is not a function'), 'Something went wrong that should not: x is not a function.'],
    [
      new SyncError('failed', 'It failed.', { hint: 'x', advice: advise`See: ${{ do: 'list' }}` }),
      'It failed. See: client list',
    ],
  ])('%s', (error, text) => {
    expect(errorText(errorObject(error))).toBe(text);
  });

  it('names the program as it was called', () => {
    const error = new SyncError('failed', 'It failed.', { advice: advise`See: ${{ do: 'list' }}` });
    expect(errorObject(error, 'lockstep')).toEqual({
      code: 'failed',
      message: 'It failed.',
      hint: 'See: lockstep list',
    });
  });
});

describe('durations', () => {
  it.each([
    ['60s', 60_000],
    ['60', 60_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
  ])('%s', (text, ms) => {
    expect(parseDuration(text, '--timeout')).toBe(ms);
  });

  it.each(['', 'soon', '-1s', '0', '1y', '5 parsecs', '1e3'])('refuses "%s" and names the flag', (text) => {
    expect(() => parseDuration(text, '--timeout')).toThrow(/^--timeout takes a duration/);
  });
});
