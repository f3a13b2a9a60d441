// A silent server is given up; a slow one is waited for while it is alive.
import * as v from 'valibot';
import { expect, it } from 'vitest';
import type { Method } from '../../../src/wire/rpc/responder.js';
import { calling, gate, inStillTime, listening, overBoth, passUntil, serving } from '../ends.js';

const method = (handle: Method['handle']): Method => ({ params: v.object({}), handle });
const SHORT = { pingMs: 250, endMs: 600 };

overBoth('a silent server', () => {
  it('is given up after a time, and waiting calls are told why', () =>
    inStillTime(async (pass) => {
      const { listener, accept } = await listening();
      const caller = await calling(listener, {}, { silence: SHORT });
      await accept();
      const asked = caller.call('list', {}).catch((error: unknown) => error);
      expect(await passUntil(pass, asked)).toMatchObject({
        code: 'closed',
        message: expect.stringContaining('It sent nothing for 0.6 s'),
      });
    }));

  it('is given up in the middle of a stream', () =>
    inStillTime(async (pass) => {
      const { listener, accept } = await listening();
      const caller = await calling(listener, {}, { silence: SHORT });
      const connection = await accept();
      const asked = caller.call('download', {}).catch((error: unknown) => error);
      // It goes on reading, and answers nothing.
      const reading = (async () => {
        for await (const _frame of connection.frames);
      })();
      await connection.send({ method: 'content', params: { id: 1 } }, Buffer.from('a piece'));
      expect(await passUntil(pass, asked)).toMatchObject({ code: 'closed' });
      await reading;
    }));

  it('is waited for while it is alive, whether it knows the method `ping` or not', () =>
    inStillTime(async (pass) => {
      let pings = 0;
      const { listener, accept } = await listening();
      const caller = await calling(listener, {}, { silence: SHORT });
      const asked = caller.call('lock', {});
      const connection = await accept();
      void (async () => {
        for await (const { message } of connection.frames) {
          if (!('method' in message) || message.method !== 'ping' || !('id' in message)) continue;
          const error = { code: -32601, message: 'no', data: { code: 'unknown-method', hint: '' } } as const;
          await connection.send({ id: message.id, error });
          if (++pings === 4) await connection.send({ id: 1, result: { pings } });
        }
      })();
      expect(await passUntil(pass, asked)).toMatchObject({ result: { pings: 4 } });
    }));

  it('is not pinged while nothing is expected, nor after the last answer', () =>
    inStillTime(async (pass) => {
      let pings = 0;
      const ping = method(async () => ({ pings: ++pings }));
      const caller = await calling(await serving({ list: method(async () => ({})), ping }), {}, { silence: SHORT });
      await caller.call('list', {});
      await pass(1.4 * SHORT.endMs);
      expect(pings).toBe(0);
      expect(await caller.call('list', {})).toMatchObject({ result: {} });
    }));

  it('is not given up because of a slow reader', () =>
    inStillTime(async (pass) => {
      const pour = method(async (_, call) => {
        await call.notify('content', {}, Buffer.from('a piece'));
        return { done: true };
      });
      const caller = await calling(await serving({ pour }), {}, { silence: SHORT });
      const slow = () => pass(1.4 * SHORT.endMs);
      expect(await caller.call('pour', {}, { onNotification: slow })).toMatchObject({ result: { done: true } });
    }));

  it('answers a ping while the maximum number of calls waits', async () => {
    const free = gate();
    const listener = await serving({
      lock: method(() => free.opened.then(() => ({}))),
      ping: method(async () => ({ lives: true })),
    });
    const caller = await calling(listener);
    const waiting = Array.from({ length: 100 }, () => caller.call('lock', {}));
    expect(await caller.call('ping', {})).toMatchObject({ result: { lives: true } });
    free.open();
    await Promise.all(waiting);
  });
});
