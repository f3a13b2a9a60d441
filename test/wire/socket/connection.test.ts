import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { Frame } from '../../../src/wire/frame/json-rpc.js';
import { dial } from '../../../src/wire/socket/tcp.js';
import { at, breakableSocket, inStillTime, lines, listening, overBoth, rawSocket, untilClosed } from '../ends.js';

const note = (n: number) => ({ method: 'note', params: { n } });
const MIB = Buffer.alloc(2 ** 20, 'x');

async function take(frames: AsyncIterable<Frame>, count: number): Promise<Frame[]> {
  const taken: Frame[] = [];
  for await (const frame of frames) if (taken.push(frame) === count) break;
  return taken;
}

overBoth('a connection', () => {
  it('keeps the order of lines and payloads', async () => {
    const { listener, accept } = await listening();
    const near = await dial(at(listener));
    const far = await accept();
    const sent = Array.from({ length: 300 }, (_, n) => ({
      message: note(n),
      payload: n % 3 ? null : Buffer.alloc(n * 10, n),
    }));
    for (const { message, payload } of sent) void near.send(message, payload ?? undefined);
    expect(await take(far.frames, 300)).toEqual(sent);
    near.close();
  });

  it('sends the messages of one tick in one write', async () => {
    const { listener, accept } = await listening();
    const socket = await rawSocket(listener);
    const far = await accept();
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (let n = 0; n < 100; n++) void far.send(note(n));
    far.close();
    await once(socket, 'close');
    expect(chunks).toHaveLength(1);
  });

  it('lets the sender wait for a reader that does not read, and continues when it reads', async () => {
    const { listener, accept } = await listening({ queuedBytes: 2 ** 20 });
    const socket = await rawSocket(listener);
    socket.pause();
    const far = await accept();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent++) await far.send(note(sent), MIB);
    })();
    // The system's own buffers take some MiB; then nothing moves. A round trip elsewhere shows that the time has come.
    let before = -1;
    while (before !== sent) {
      before = sent;
      await roundTrips(20);
    }
    expect(sent).toBeLessThan(40);
    socket.resume();
    await sending;
    expect(sent).toBe(64);
    far.close();
  });

  it('closes after a reader read nothing for the allowed time', async () => {
    const { listener, accept } = await listening({ queuedBytes: 2 ** 20, readerMs: 50 });
    const socket = await rawSocket(listener);
    socket.pause();
    const far = await accept();
    const sending = (async () => {
      for (;;) await far.send(note(0), MIB);
    })();
    await expect(sending).rejects.toMatchObject({ code: 'closed', message: expect.stringContaining('read nothing') });
    expect(await far.closed).toMatchObject({ code: 'timeout' });
  });

  it('does not close while a slow reader reads', () =>
    inStillTime(async (pass) => {
      const { listener, accept } = await listening({ queuedBytes: 2 ** 16, readerMs: 2000 });
      const socket = await rawSocket(listener);
      const far = await accept();
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        socket.pause();
        setImmediate(() => socket.resume());
      });
      for (let n = 0; n < 32; n++) {
        await far.send(note(n), MIB);
        if (n % 16 === 15) await pass(1500);
      }
      far.close();
      await once(socket, 'close');
      expect(bytes).toBeGreaterThan(32 * 2 ** 20);
    }));

  it('closes when its sender does not wait', async () => {
    const { listener, accept } = await listening({ queuedBytes: 1, waitingSends: 10 });
    await rawSocket(listener);
    const far = await accept();
    const sends = Array.from({ length: 12 }, (_, n) => far.send(note(n)));
    expect((await Promise.allSettled(sends)).map(({ status }) => status)).toContain('rejected');
    expect(await far.closed).toMatchObject({ code: 'too-large' });
  });

  it('is not read while its frames are not consumed', async () => {
    const { listener, accept } = await listening();
    const near = await dial({ ...at(listener), limits: { queuedBytes: 2 ** 20 } });
    const far = await accept();
    let sent = 0;
    const sending = (async () => {
      for (; sent < 64; sent++) await near.send(note(sent), MIB);
    })();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await roundTrips(20);
    }
    expect(sent).toBeLessThan(40);
    expect(await take(far.frames, 64)).toHaveLength(64);
    await sending;
    near.close();
  });

  it('refuses to send a line that the other end would refuse, and stays open', async () => {
    const { listener, accept } = await listening();
    const near = await dial(at(listener));
    const far = await accept();
    await expect(near.send({ method: 'm', params: { a: 'x'.repeat(65_536) } })).rejects.toMatchObject({
      code: 'too-large',
    });
    await near.send(note(1));
    expect(await take(far.frames, 1)).toEqual([{ message: note(1), payload: null }]);
    near.close();
  });

  it('sends what is queued before it closes, and ends orderly', async () => {
    const { listener, accept } = await listening();
    const near = await dial(at(listener));
    const far = await accept();
    for (let n = 0; n < 5; n++) void far.send(note(n), MIB);
    far.close();
    await expect(far.send(note(9))).rejects.toMatchObject({ code: 'closed' });
    expect(await take(near.frames, 99)).toHaveLength(5);
    expect(await Promise.all([near.closed, far.closed])).toEqual([null, null]);
  });

  it('stops sending after the allowed time', async () => {
    const { listener, accept } = await listening({ closeMs: 30 });
    const socket = await rawSocket(listener);
    socket.pause();
    const far = await accept();
    for (let n = 0; n < 30; n++) void far.send(note(n), MIB);
    far.close(new Error('enough'));
    expect(await far.closed).toEqual(new Error('enough'));
  });

  it('yields the frames before a broken connection', async () => {
    const { listener, accept } = await listening();
    const socket = await rawSocket(listener);
    const far = await accept();
    socket.end('{"jsonrpc":"2.0","method":"m"}\n{"jsonrpc"');
    expect(await take(far.frames, 2)).toEqual([{ message: { method: 'm', params: {} }, payload: null }]);
    far.close();
    expect(await far.closed).toMatchObject({
      code: 'closed',
      message: expect.stringContaining('in the middle of a message'),
    });
  });

  it('survives a reset', async () => {
    const { listener, accept } = await listening();
    const { socket, reset } = await breakableSocket(listener);
    const far = await accept();
    // When something has been heard, nothing of the handshake is under way any more.
    const heard = lines(socket, 1);
    await far.send(note(0));
    await heard;
    reset();
    expect(await take(far.frames, 1)).toEqual([]);
    expect(await far.closed).toMatchObject({ code: 'closed' });
    await expect(far.send(note(1))).rejects.toMatchObject({ code: 'closed' });
  });
});

overBoth('a violation of the protocol', () => {
  it.each([
    ['text', 'GET / HTTP/1.1\r\n\r\n', -32700],
    ['a bad shape', '{"id":1}\n', -32600],
    ['a line without end', 'x'.repeat(70_000), -32600],
  ])('%s gets one error reply and a closed connection', async (_, bytes, code) => {
    const { listener } = await listening();
    const socket = await rawSocket(listener);
    socket.write(bytes);
    const said = await untilClosed(socket);
    expect(said.endsWith('\n')).toBe(true);
    expect(JSON.parse(said)).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code, data: { hint: expect.any(String) } },
    });
    expect(said).not.toMatch(/ {4}at |\.ts:|\.js:/);
  });

  it('a message that stays incomplete is given a limited time', async () => {
    const { listener } = await listening({ requestMs: 40 });
    const socket = await rawSocket(listener);
    socket.write('{"jsonrpc":"2.0",');
    const drip = setInterval(() => socket.write(' '), 5);
    const said = JSON.parse(await untilClosed(socket));
    clearInterval(drip);
    expect(said).toMatchObject({ id: null, error: { data: { code: 'timeout' } } });
  });

  it('is not noticed by other connections', async () => {
    const { listener, accept } = await listening();
    const near = await dial(at(listener));
    const far = await accept();
    const vandals = await Promise.all(Array.from({ length: 20 }, () => rawSocket(listener)));
    const ends = vandals.map((socket) => untilClosed(socket));
    for (const socket of vandals) socket.write(Buffer.alloc(2 ** 20, 'x'));
    await near.send(note(1));
    expect(await take(far.frames, 1)).toHaveLength(1);
    await Promise.all(ends);
    near.close();
  });
});

/** An exchange elsewhere that takes about as long as bytes take through the system, as a measure of time. */
async function roundTrips(count: number): Promise<void> {
  const { listener, accept } = await listening();
  const socket = await rawSocket(listener);
  const far = await accept();
  for (let n = 0; n < count; n++) {
    const heard = once(socket, 'data');
    await far.send(note(n));
    await heard;
  }
  const last = lines(socket, 1);
  void far.send(note(count));
  await last;
  far.close();
}
