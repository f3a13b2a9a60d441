// Where messages end in a stream that is passed on unread, in pieces of any size.
import { describe, expect, test } from 'vitest';
import { encodeLine } from '../../../src/wire/frame/frames.js';
import type { Message } from '../../../src/wire/frame/json-rpc.js';
import { MessageEnds } from '../../../src/wire/frame/message-ends.js';

const failure = { code: -32000, message: 'No.', data: { code: 'failed', hint: '' } } as const;
const encode = (message: Message, payload?: Buffer): Buffer =>
  Buffer.concat([Buffer.from(encodeLine(message, payload)), payload ?? Buffer.alloc(0)]);

const rows: [what: string, bytes: Buffer, isFinal: boolean][] = [
  ['a result', encode({ id: 1, result: {} }), false],
  ['a long line', encode({ id: 1, result: { text: 'x'.repeat(500) } }), false],
  ['a payload with newlines in it', encode({ id: 1, result: {} }, Buffer.from('\n{"a":1,"payload":7}\n')), false],
  ['an empty payload', encode({ method: 'content', params: { id: 1 } }, Buffer.alloc(0)), false],
  ['a result that has a field payload', encode({ id: 1, result: { a: 1, payload: 5 } }), false],
  ['params that have a field payload', encode({ method: 'x', params: { a: 1, payload: 5 } }), false],
  ['a text that looks like one', encode({ id: 1, result: { a: ',"payload":5}' } }), false],
  ['an error of a request', encode({ id: 1, error: failure }), false],
  ['an error of the connection', encode({ id: null, error: failure }), true],
];

describe('in pieces of any size', () => {
  test.each(rows)('%s ends where it ends', (_what, bytes, isFinal) => {
    for (const size of [1, 2, 7, bytes.length]) {
      const ends = new MessageEnds();
      for (let at = 0; at < bytes.length; at += size) {
        expect(ends.isWhole).toBe(at === 0);
        ends.pass(bytes.subarray(at, at + size));
      }
      expect([ends.isWhole, ends.isFinal]).toEqual([true, isFinal]);
    }
  });

  test('many messages end together, and what comes after the last error counts', () => {
    const ends = new MessageEnds();
    const all = rows.map(([, bytes]) => bytes);
    ends.pass(Buffer.concat(all));
    expect([ends.isWhole, ends.isFinal]).toEqual([true, true]);
    ends.pass(Buffer.concat([...all, ...all].slice(0, 12)));
    expect([ends.isWhole, ends.isFinal]).toEqual([true, false]);
    ends.pass(Buffer.from('{'));
    expect(ends.isWhole).toBe(false);
  });
});
