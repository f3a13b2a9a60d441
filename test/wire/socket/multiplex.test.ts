// Streams over one carrier: order, independence, and what each end learns when the other is gone.
import { type Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { acceptStreams, carrierOver, openStreams } from '../../../src/wire/socket/multiplex.js';

/** Two ends of one carrier. */
function carrier(): [Duplex, Duplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  return [carrierOver(back, there), carrierOver(there, back)];
}

async function textOf(stream: Duplex): Promise<string> {
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

/** Answers each stream with what it sent, in capitals, after it has ended. */
const shout = async (stream: Duplex): Promise<void> => void stream.end((await textOf(stream)).toUpperCase());

describe('streams over one carrier', () => {
  it('carry what is written, each by itself', async () => {
    const [near, far] = carrier();
    void acceptStreams(far, shout);
    const streams = openStreams(near);
    const answers = ['one', 'two', 'three'].map(async (word) => {
      const stream = await streams.open();
      stream.end(word);
      return textOf(stream);
    });
    expect(await Promise.all(answers)).toEqual(['ONE', 'TWO', 'THREE']);
    streams.close();
  });

  it('go on beside streams that nobody reads', async () => {
    const [near, far] = carrier();
    let first = true;
    void acceptStreams(far, (stream) => {
      // The first 20 are left unread, until they take no more.
      if (first) stream.pause();
      else void shout(stream);
    });
    const streams = openStreams(near);
    for (let n = 0; n < 20; n++) {
      const stuck = await streams.open();
      for (let parts = 0; stuck.write(Buffer.alloc(256 * 1024)) && parts < 100; parts++) await turn();
    }
    first = false;
    const stream = await streams.open();
    stream.end('still here');
    expect(await textOf(stream)).toBe('STILL HERE');
    streams.close();
  });

  it('end with the carrier, at both ends', async () => {
    const [near, far] = carrier();
    const accepted: Duplex[] = [];
    const over = acceptStreams(far, (stream) => void accepted.push(stream));
    const streams = openStreams(near);
    const stream = await streams.open();
    const closed = closing(stream);
    const acceptedClosed = closing(accepted[0]!);
    far.destroy();
    near.destroy();
    await Promise.all([closed, acceptedClosed, over, streams.closed]);
    await expect(streams.open()).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('are not opened when what answers speaks something else', async () => {
    const [near, far] = carrier();
    far.on('error', () => {});
    far.write('Welcome to office!\r\n'.repeat(20));
    far.resume();
    const streams = openStreams(near);
    await expect(streams.open()).rejects.toMatchObject({ code: 'unreachable' });
    await streams.closed;
  });

  it('are given up, and the carrier with them, when the other end is silent', async () => {
    const [near, far] = carrier();
    far.resume();
    const streams = openStreams(near, 50);
    await expect(streams.open()).rejects.toMatchObject({ code: 'unreachable' });
    await streams.closed;
    expect(near.destroyed).toBe(true);
  });

  it('stop waiting when the caller does', async () => {
    const [near] = carrier();
    const streams = openStreams(near);
    const stop = new AbortController();
    const opening = streams.open(stop.signal);
    stop.abort();
    await expect(opening).rejects.toMatchObject({ code: 'unreachable' });
    streams.close();
  });
});

const closing = (stream: Duplex): Promise<unknown> => new Promise((resolve) => stream.once('close', resolve));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
