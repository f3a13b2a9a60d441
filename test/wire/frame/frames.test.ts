import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLine, FrameDecoder } from '../../../src/wire/frame/frames.js';
import type { Frame, Message } from '../../../src/wire/frame/json-rpc.js';
import { DEFAULT_LIMITS } from '../../../src/wire/frame/limits.js';
import { sized } from '../../support/sizes.js';

const raw = (text: string) => Buffer.from(text, 'latin1');

/** Bytes written by hand, beside the frames that they are. */
const STREAM: readonly { readonly bytes: Buffer; readonly frame: Frame | null }[] = [
  {
    bytes: raw('{"jsonrpc":"2.0","id":1,"method":"list","params":{}}\n'),
    frame: { message: { id: 1, method: 'list', params: {} }, payload: null },
  },
  { bytes: raw('\n'), frame: null },
  {
    bytes: raw('{"jsonrpc":"2.0","id":"x","method":"list"}\r\n'),
    frame: { message: { id: 'x', method: 'list', params: {} }, payload: null },
  },
  {
    bytes: raw('{"jsonrpc":"2.0","method":"content","params":{"id":1},"payload":5}\nab\ncd'),
    frame: { message: { method: 'content', params: { id: 1 } }, payload: Buffer.from('ab\ncd') },
  },
  {
    bytes: raw('{"jsonrpc":"2.0","id":2,"result":{"a":[1,"\\"]}"]},"payload":0}\n'),
    frame: { message: { id: 2, result: { a: [1, '"]}'] } }, payload: Buffer.alloc(0) },
  },
  {
    bytes: raw('{ "method":"\xc3\xa4\xf0\x9f\x98\x80", "params":[1], "jsonrpc":"2.0", "other":{} }\n'),
    frame: { message: { method: 'ä😀', params: [1] }, payload: null },
  },
  {
    bytes: raw(
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no","data":{"code":"failed","hint":""}}}\n',
    ),
    frame: {
      message: { id: null, error: { code: -32000, message: 'no', data: { code: 'failed', hint: '' } } },
      payload: null,
    },
  },
];
const BYTES = Buffer.concat(STREAM.map(({ bytes }) => bytes));
const FRAMES = STREAM.flatMap(({ frame }) => (frame === null ? [] : [frame]));

function decode(pieces: Iterable<Buffer>, limits = DEFAULT_LIMITS): Frame[] {
  const decoder = new FrameDecoder(limits);
  const frames: Frame[] = [];
  for (const piece of pieces) frames.push(...decoder.push(piece));
  expect(decoder.idle).toBe(true);
  return frames;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...[...places].sort((x, y) => x - y), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('the decoder', () => {
  it('decodes the same frames wherever the stream is cut in two', () => {
    for (let i = 0; i <= BYTES.length; i++) expect(decode(cut(BYTES, [i]))).toEqual(FRAMES);
  });

  it('decodes the same frames byte by byte', () => {
    expect(decode(Array.from(BYTES, (byte) => Buffer.from([byte])))).toEqual(FRAMES);
  });

  it('decodes the same frames however the stream is cut', () => {
    // A failure prints its seed and path: fc.assert(…, { seed, path }) replays it.
    fc.assert(
      fc.property(fc.array(fc.nat(BYTES.length), { maxLength: 40 }), (places) => {
        expect(decode(cut(BYTES, places))).toEqual(FRAMES);
      }),
    );
  });

  it('decodes what was encoded, however it is cut', () => {
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.record({ id: fc.oneof(fc.integer(), fc.string()), method: fc.string(), params: plainObject }),
      fc.record({ method: fc.string({ unit: 'binary' }), params: plainObject }),
      fc.record({ id: fc.integer(), result: plainObject }),
    );
    const frame = fc.record({
      message,
      payload: fc.option(fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b))),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(4000), { maxLength: 20 }), (frames, places) => {
        const bytes = Buffer.concat(
          frames.flatMap(({ message, payload }) => [
            Buffer.from(encodeLine(message, payload ?? undefined)),
            payload ?? Buffer.alloc(0),
          ]),
        );
        expect(
          decode(
            cut(
              bytes,
              places.filter((place) => place <= bytes.length),
            ),
          ),
        ).toEqual(frames);
      }),
      { numRuns: sized(30, 1_000) },
    );
  });

  it('does not refer to a chunk afterwards', () => {
    const chunk = Buffer.from(BYTES);
    const frames = new FrameDecoder(DEFAULT_LIMITS).push(chunk);
    chunk.fill(0);
    expect(frames).toEqual(FRAMES);
  });

  it('knows whether a frame is incomplete', () => {
    const decoder = new FrameDecoder(DEFAULT_LIMITS);
    const states = [raw('{"jsonrpc"'), raw(':"2.0","method":"m","payload":2}\n'), raw('a'), raw('b'), raw('\n')].map(
      (piece) => {
        decoder.push(piece);
        return decoder.idle;
      },
    );
    expect(states).toEqual([false, false, false, true, true]);
  });
});

const plainObject = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.oneof(fc.integer(), fc.string({ unit: 'grapheme' }), fc.boolean(), fc.constant(null)),
  { noNullPrototype: true },
);

describe('the encoder', () => {
  it('writes one line, which says how many bytes follow', () => {
    const line = encodeLine({ method: 'm', params: { a: 'ä\n' } }, Buffer.from([0, 10, 255]));
    expect(line).toBe('{"jsonrpc":"2.0","method":"m","params":{"a":"ä\\n"},"payload":3}\n');
    expect(encodeLine({ method: 'm', params: {} })).toBe('{"jsonrpc":"2.0","method":"m","params":{}}\n');
  });

  it('refuses a payload over 1 MiB', () => {
    expect(() => encodeLine({ method: 'm', params: {} }, Buffer.alloc(2 ** 20 + 1))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
  });
});

const M = '"jsonrpc":"2.0","method":"m"';

/** Violations of the protocol and their codes. */
const ROWS: readonly (readonly [name: string, bytes: Buffer, code: string, unparsable?: true])[] = [
  ['text', raw('GET / HTTP/1.1\r\n'), 'bad-message', true],
  ['a TLS hello with a newline', raw('\x16\x03\x01\x02\x00\n'), 'bad-message', true],
  ['bad UTF-8', raw(`{${M},"params":{"a":"\xff"}}\n`), 'bad-message', true],
  ['an overlong encoding', raw(`{${M},"params":{"a":"\xc0\xaf"}}\n`), 'bad-message', true],
  ['an encoded surrogate', raw(`{${M},"params":{"a":"\xed\xa0\x80"}}\n`), 'bad-message', true],
  ['a byte order mark', raw(`\xef\xbb\xbf{${M}}\n`), 'bad-message', true],
  ['UTF-16', Buffer.from(`{${M}}\n`, 'utf16le'), 'bad-message', true],
  ['NaN', raw(`{${M},"id":NaN}\n`), 'bad-message', true],
  ['half an object', raw(`{${M}\n`), 'bad-message', true],
  ['two objects', raw(`{${M}}{${M}}\n`), 'bad-message', true],
  ['deep arrays', raw(`{${M},"params":${'['.repeat(40)}${']'.repeat(40)}}\n`), 'bad-message'],
  ['very deep arrays', raw(`${'['.repeat(60_000)}\n`), 'bad-message'],
  ['deep objects', raw(`{${M},"params":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}\n`), 'bad-message'],
  ['an array', raw(`[{${M}}]\n`), 'bad-message'],
  ['null', raw('null\n'), 'bad-message'],
  ['a number', raw('1\n'), 'bad-message'],
  ['no version', raw('{"method":"m"}\n'), 'bad-message'],
  ['a foreign version', raw('{"jsonrpc":"1.0","method":"m"}\n'), 'bad-message'],
  ['a version that is a number', raw('{"jsonrpc":2.0,"method":"m"}\n'), 'bad-message'],
  ['nothing but a version', raw('{"jsonrpc":"2.0"}\n'), 'bad-message'],
  ['an id and nothing else', raw('{"jsonrpc":"2.0","id":1}\n'), 'bad-message'],
  ['a method that is a number', raw('{"jsonrpc":"2.0","method":1}\n'), 'bad-message'],
  ['params that are text', raw(`{${M},"params":"x"}\n`), 'bad-message'],
  ['params that are null', raw(`{${M},"params":null}\n`), 'bad-message'],
  ['an id that is an object', raw(`{${M},"id":{}}\n`), 'bad-message'],
  ['an id that is null', raw(`{${M},"id":null}\n`), 'bad-message'],
  ['an id that is infinite', raw(`{${M},"id":1e999}\n`), 'bad-message'],
  ['a result without id', raw('{"jsonrpc":"2.0","result":{}}\n'), 'bad-message'],
  [
    'a result and an error',
    raw('{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}\n'),
    'bad-message',
  ],
  ['an error without words', raw('{"jsonrpc":"2.0","id":1,"error":{"code":1}}\n'), 'bad-message'],
  ['fields by inheritance', raw('{"__proto__":{"jsonrpc":"2.0","method":"m"}}\n'), 'bad-message'],
  ['a negative payload', raw(`{${M},"payload":-1}\n`), 'bad-message'],
  ['a fractional payload', raw(`{${M},"payload":1.5}\n`), 'bad-message'],
  ['a payload in text', raw(`{${M},"payload":"5"}\n`), 'bad-message'],
  ['a payload beyond whole numbers', raw(`{${M},"payload":1e300}\n`), 'bad-message'],
  ['an infinite payload', raw(`{${M},"payload":1e999}\n`), 'bad-message'],
  ['a payload over 1 MiB', raw(`{${M},"payload":1048577}\n`), 'too-large'],
  ['a line over 64 KiB', raw(`{${M},"params":{"a":"${'x'.repeat(65_536)}"}}\n`), 'too-large'],
  ['a line without end', Buffer.alloc(65_537, 'x'), 'too-large'],
];
const GARBAGE = ROWS.map(([name, bytes, code, unparsable = false]) => ({ name, bytes, code, unparsable }));

describe('a violation of the protocol', () => {
  it.each(GARBAGE)('$name is refused, at once and byte by byte', ({ bytes, code, unparsable }) => {
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Buffer.from([byte]))]) {
      const decoder = new FrameDecoder(DEFAULT_LIMITS);
      const push = () => {
        for (const piece of pieces) decoder.push(piece);
      };
      expect(push).toThrow(expect.objectContaining({ code }));
      // From here on valid messages are refused, too.
      const facts = unparsable ? { unparsable: true } : {};
      expect(() => decoder.push(raw(`{${M}}\n`))).toThrow(expect.objectContaining({ code, facts }));
    }
  });

  it('is never quoted', () => {
    const decoder = new FrameDecoder(DEFAULT_LIMITS);
    expect(() => decoder.push(raw('{"jsonrpc":"2.0","secret":"hunter2",}\n'))).toThrow(/^(?!.*hunter2).*$/);
  });

  it('keeps the frames before it', () => {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder(DEFAULT_LIMITS);
    expect(() => decoder.push(raw(`{${M}}\nrubbish\n{${M}}\n`), frames)).toThrow();
    expect(frames).toEqual([{ message: { method: 'm', params: {} }, payload: null }]);
  });

  it('does not reach any prototype', () => {
    const [frame] = decode([
      raw(`{${M},"params":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}\n`),
    ]);
    expect(Object.prototype).not.toHaveProperty('polluted');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(frame!.message)).toBe(Object.prototype);
  });

  it('does not include the longest line and the deepest params', () => {
    const line = (text: string) => `{${M},"params":["${text}"]}`;
    expect(decode([raw(`${line('x'.repeat(65_536 - line('').length))}\n`)])).toHaveLength(1);
    expect(decode([raw(`{${M},"params":${'['.repeat(31)}"[[["${']'.repeat(31)}}\n`)])).toHaveLength(1);
  });

  it('costs no more in small pieces than in one', () => {
    const limits = { ...DEFAULT_LIMITS, lineBytes: 2 ** 22 };
    const bytes = raw(`{${M},"params":["${'x'.repeat(2 ** 21)}"],"payload":1000000}\n${'y'.repeat(1_000_000)}`);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, i) => bytes.subarray(16 * i, 16 * i + 16));
    // Quadratic work on 190,000 pieces would take minutes, and the test's time limit would see it.
    expect(decode(pieces, limits)).toHaveLength(1);
  });
});
