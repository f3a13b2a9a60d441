import { describe, expect, it } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import { Gate, type GateOptions } from '../../../src/sync/session/gate.js';
import { p } from '../../support/disk-site.js';
import { SessionFixture } from '../../support/session-fixture.js';

const side = (files: number | null) => ({ snapshot: files === null ? null : { files } });
const meeting = (isUnagreed: boolean, a: number | null, b: number | null) => ({
  isUnagreed,
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
    [{ before: 'first contact', ask }, meeting(false, 1, null), false],
    [{ before: 'first contact', ask }, meeting(false, null, null), false],
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

describe('a client write', () => {
  it('is refused like a flush while the question is open, and goes through once it is answered', async () => {
    let answer: (mayBegin: boolean) => void = () => {};
    const ask = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      });
    const fixture = new SessionFixture('', undefined, { before: 'first contact', ask });
    fixture.pair.meta.put('firstContact', true);
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', 'x:1', { whole: true });
    await fixture.report('b', 'x:1 y:1', { whole: true });
    let decided = 0;
    const decide = () => {
      decided++;
      return [];
    };
    const write = () => fixture.session.writes.ask({ owner: 'ann', paths: [p('x')], decide });
    await expect(write()).rejects.toThrow('nobody has said yet');
    expect([decided, fixture.transferred('a')]).toEqual([0, '']);
    const flushed = expect(fixture.session.flush(new AbortController().signal)).rejects.toThrow('nobody has said yet');
    await fixture.rest();
    await flushed;
    answer(true);
    await fixture.rest();
    await fixture.end('a');
    const written = write();
    await fixture.rest();
    await fixture.quiet();
    expect([await written, decided]).toEqual([[], 1]);
  });

  it.each<[GateOptions['before'], ReturnType<typeof meeting>, RegExp | null]>([
    ['everything', meeting(false, 1, 1), /--dry-run/],
    ['everything', meeting(false, null, null), /--dry-run/],
    ['first contact', meeting(true, 1, 1), /nobody has said yet/],
    ['first contact', meeting(true, 1, null), null],
    ['first contact', meeting(false, 1, 1), null],
  ])('before %s %#', (before, at, refused) => {
    const refusal: SyncError | null = new Gate({ before, ask: async () => true }, () => {}).refusal(at);
    expect(refusal?.message ?? null).toEqual(refused === null ? null : expect.stringMatching(refused));
  });
});

describe('what was agreed', () => {
  const nobody: GateOptions = { before: 'first contact', ask: () => Promise.reject(new Error('nobody to ask')) };

  it('lasts through a kill in the first copy, and not beyond the two roots', async () => {
    const fixture = new SessionFixture('', undefined, nobody);
    fixture.pair.beginFirstContact();
    expect(fixture.pair.isUnagreed).toBe(true);
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', 'x:1 y:1', { whole: true });
    await fixture.report('b', '', { whole: true });
    expect(fixture.transferred('b')).toBe('+x +y');

    // Killed now, with one of the two files copied: the next run finds files on both sides.
    const next = new SessionFixture('', undefined, nobody);
    for (const [key, value] of fixture.pair.meta.all()) next.pair.meta.load(key, value);
    expect([next.pair.firstContact, next.pair.isUnagreed]).toEqual([true, false]);
    next.session.start();
    await next.connect();
    await next.report('a', 'x:1 y:1', { whole: true });
    await next.report('b', 'x:1', { whole: true });
    expect(next.transferred('b')).toBe('+y');

    next.pair.beginFirstContact();
    expect(next.pair.isUnagreed).toBe(true);
  });

  it('is nothing before any other root was met', () => {
    const { pair } = new SessionFixture();
    expect(pair.isUnagreed).toBe(false);
    pair.meta.put('roots', null);
    expect(pair.isUnagreed).toBe(true);
  });
});
