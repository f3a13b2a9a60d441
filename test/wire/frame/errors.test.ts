import { describe, expect, it } from 'vitest';
import { advise } from '../../../src/core/advice.js';
import { type ErrorCode, SyncError } from '../../../src/core/errors.js';
import { fromFailure, toFailure } from '../../../src/wire/frame/errors.js';

describe('an error on the wire', () => {
  it.each<[ErrorCode, number]>([
    ['bad-message', -32600],
    ['too-large', -32600],
    ['unknown-method', -32601],
    ['bad-params', -32602],
    ['bad-path', -32602],
    ['locked', -32000],
    ['halted', -32000],
    ['failed', -32000],
  ])('%s has the number %d and comes back as it was', (code, number) => {
    const error = new SyncError(code, 'What.', { hint: 'Do.', facts: { owner: 'eve', code: 'x', hint: 'y' } });
    const failure = toFailure(error);
    expect(failure).toEqual({ code: number, message: 'What.', data: { owner: 'eve', code, hint: 'Do.' } });
    expect(fromFailure(failure)).toMatchObject({ code, message: 'What.', hint: 'Do.', facts: { owner: 'eve' } });
  });

  it('says its advice in words, and as steps that come back', () => {
    const advice = advise`See: ${{ do: 'list' }}`;
    const failure = toFailure(new SyncError('not-found', 'What.', { advice }));
    expect(failure.data).toEqual({ code: 'not-found', hint: 'See: client list', advice });
    expect(fromFailure(failure)).toMatchObject({ hint: 'See: client list', advice, facts: {} });
  });

  it('that is no JSON has a number of its own', () => {
    expect(toFailure(new SyncError('bad-message', '', { facts: { unparsable: true } })).code).toBe(-32700);
  });

  it.each([new Error('at /home/eve'), 'text', null, undefined, { code: 'locked' }])(
    'that is foreign (%s) says nothing',
    (error) => {
      expect(toFailure(error)).toEqual({
        code: -32000,
        message: 'The server failed while it handled the request.',
        data: { code: 'failed', hint: 'See its log.' },
      });
    },
  );

  it('keeps the cause and the stack here', () => {
    const error = new SyncError('failed', 'What.', { cause: new Error('inner') });
    expect(JSON.stringify(toFailure(error))).not.toMatch(/inner|stack|\.ts/);
  });

  it.each([
    [-32601, 'unknown-method'],
    [-32602, 'bad-params'],
    [-32700, 'bad-message'],
    [-1, 'failed'],
  ])('of a foreign server with number %d is %s', (number, code) => {
    expect(fromFailure({ code: number, message: 'no', data: {} as never })).toMatchObject({ code, hint: '' });
    expect(fromFailure({ code: number, message: 'no', data: { code: 'toString', hint: 5 } as never })).toMatchObject({
      code,
      hint: '',
    });
  });
});
