import { describe, expect, it } from 'vitest';
import { Gate, type GateOptions } from '../../../src/sync/session/gate.js';

const side = (files: number | null) => ({ snapshot: files === null ? null : { files } });
const meeting = (firstContact: boolean, a: number | null, b: number | null) => ({
  firstContact,
  a: side(a),
  b: side(b),
});
const preview = () => ({ plan: [], waiting: 0, firstContact: true });

describe('whether transfers wait for an answer', () => {
  const ask = async () => true;
  it.each<[GateOptions | null, ReturnType<typeof meeting>, boolean]>([
    [null, meeting(true, 1, 1), false],
    [{ before: 'first contact', ask }, meeting(true, 1, 1), true],
    [{ before: 'first contact', ask }, meeting(true, 0, 1), false],
    [{ before: 'first contact', ask }, meeting(true, 1, 0), false],
    [{ before: 'first contact', ask }, meeting(true, 1, null), true],
    [{ before: 'first contact', ask }, meeting(true, 0, null), true],
    [{ before: 'first contact', ask }, meeting(false, 1, 1), false],
    [{ before: 'everything', ask }, meeting(false, 0, 0), true],
  ])('%#', (options, at, mustWait) => {
    expect(new Gate(options, () => {}).mustWait(at)).toBe(mustWait);
  });
});

it('is not asked about what the first transfers bring', () => {
  const gate = new Gate({ before: 'first contact', ask: async () => true }, () => {});
  expect([meeting(true, 2, null), meeting(true, 2, 0), meeting(true, 2, 1)].map((at) => gate.mustWait(at))).toEqual([
    true,
    false,
    false,
  ]);
});

describe('a question', () => {
  it('is asked once; a yes opens', async () => {
    let asked = 0;
    const opened = new Promise<void>((resolve) => {
      const ask = async () => ++asked > 0;
      const gate = new Gate({ before: 'everything', ask }, () => {
        expect([gate.isAsked, gate.mustWait(meeting(true, 1, 1))]).toEqual([false, false]);
        resolve();
      });
      gate.ask(preview);
      gate.ask(preview);
      expect([gate.isAsked, gate.mustWait(meeting(true, 0, 0))]).toEqual([true, true]);
    });
    await opened;
    expect(asked).toBe(1);
  });

  it.each([
    ['a no', async () => false],
    ['no answer', () => Promise.reject(new Error('the terminal is gone'))],
  ])('stays closed after %s', async (_answer, ask) => {
    const gate = new Gate({ before: 'first contact', ask }, () => expect.unreachable());
    gate.ask(preview);
    await new Promise((resolve) => setImmediate(resolve));
    expect([gate.isAsked, gate.mustWait(meeting(false, 0, 0))]).toEqual([true, true]);
  });
});
