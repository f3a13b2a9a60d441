import * as v from 'valibot';
import { expect, it } from 'vitest';
import { RpcClient } from '../../../src/wire/rpc/caller.js';
import type { IncomingCall, Method } from '../../../src/wire/rpc/responder.js';
import { dial } from '../../../src/wire/socket/tcp.js';
import { at, calling, gate, inStillTime, listening, overBoth, passUntil, rawSocket, serving } from '../ends.js';

const any = v.object({});
/** @returns `result`, after an expression was evaluated; for handlers of one line. */
const returning = <T>(result: T, ..._done: unknown[]): T => result;
const method = (handle: Method['handle']): Method => ({ params: any, handle });
const untilAborted = (call: IncomingCall) =>
  new Promise<never>((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
const ping = method(async () => ({}));
const PIECE = Buffer.alloc(256 * 1024, 'x');

overBoth('a call', () => {
  it('gets its own answer in any order of answers', async () => {
    const first = gate();
    const caller = await calling(
      await serving({
        slow: method(() => first.opened.then(() => ({ n: 1 }))),
        quick: method(async () => returning({ n: 2 }, first.open())),
      }),
    );
    const answers = await Promise.all([caller.call('slow', {}), caller.call('quick', {})]);
    expect(answers.map(({ result }) => result)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('gets its own notifications; others go to the connection', async () => {
    const listener = await serving({
      tell: method(async (_, call) => {
        await call.notify('piece', { n: 1 }, Buffer.from('a'));
        await call.connection.send({ method: 'hint', params: {} });
        await call.notify('piece', { n: 2 });
        return {};
      }),
    });
    const hints: string[] = [];
    const caller = await calling(listener, {}, { onNotification: (name) => void hints.push(name) });
    const pieces: unknown[] = [];
    const onNotification = (name: string, params: unknown, payload: Buffer | null) =>
      void pieces.push([name, params, payload]);
    await caller.call('tell', {}, { onNotification });
    expect(pieces).toEqual([
      ['piece', { n: 1, id: 1 }, Buffer.from('a')],
      ['piece', { n: 2, id: 1 }, null],
    ]);
    expect(hints).toEqual(['hint']);
  });

  it('pauses the sender while its notifications are not consumed', async () => {
    let sent = 0;
    const pour = method(async (_, call) => {
      for (; sent < 200; sent++) await call.notify('piece', {}, PIECE);
      return {};
    });
    const listener = await serving({ pour, ping }, { queuedBytes: 2 ** 20 });
    const caller = await calling(listener);
    const other = await calling(listener);
    const taking = gate();
    let taken = 0;
    const call = caller.call('pour', {}, { onNotification: () => (taken++ === 0 ? taking.opened : undefined) });
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let n = 0; n < 30; n++) await other.call('ping', {});
    }
    expect(sent).toBeLessThan(150);
    taking.open();
    await call;
    expect(taken).toBe(200);
  });

  it('is paused while its stream is not consumed', async () => {
    const taking = gate();
    const drink = method(async (_, call) => {
      const { incoming } = call;
      await taking.opened;
      let n = 0;
      for await (const piece of incoming) {
        if (piece.method === 'end') break;
        expect(piece.params.n).toBe(n++);
      }
      return { n };
    });
    const listener = await serving({ drink, ping });
    const caller = await calling(listener, { queuedBytes: 2 ** 20 });
    const other = await calling(listener);
    const started = gate<number>();
    const answer = caller.call('drink', {}, { started: started.open });
    const id = await started.opened;
    let sent = 0;
    const sending = (async () => {
      for (; sent < 200; sent++) await caller.notify('piece', { id, n: sent }, PIECE);
      await caller.notify('end', { id });
    })();
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let n = 0; n < 30; n++) await other.call('ping', {});
    }
    expect(sent).toBeLessThan(150);
    taking.open();
    await sending;
    expect((await answer).result).toEqual({ n: 200 });
  });

  it('streams both ways at once', async () => {
    const echo = method(async (_, call) => {
      for await (const { method: name, params, payload } of call.incoming) {
        if (name === 'end') return {};
        await call.notify('echo', { n: params.n }, payload!);
      }
      return {};
    });
    const caller = await calling(await serving({ echo }, { queuedBytes: 2 ** 18 }), { queuedBytes: 2 ** 18 });
    const started = gate<number>();
    const heard: number[] = [];
    const onNotification = async (_: string, params: { n: number }) => {
      await new Promise(setImmediate);
      heard.push(params.n);
    };
    const answer = caller.call('echo', {}, { started: started.open, onNotification });
    const id = await started.opened;
    for (let n = 0; n < 100; n++) await caller.notify('piece', { id, n }, PIECE);
    await caller.notify('end', { id });
    await answer;
    expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it('drops notifications after its end', async () => {
    const quick = method(async () => ({}));
    const caller = await calling(await serving({ quick }));
    await caller.call('quick', {});
    for (let n = 0; n < 50; n++) await caller.notify('piece', { id: 1, n }, PIECE);
    await caller.call('quick', {});
  });

  it('with an unread stream does not block the connection for ever', async () => {
    const deaf = method(async (_, call) => {
      for await (const _piece of call.incoming) break;
      return {};
    });
    const caller = await calling(await serving({ deaf, ping }));
    const call = caller.call('deaf', {});
    for (let n = 0; n < 50; n++) await caller.notify('piece', { id: 1, n }, PIECE);
    await call;
    await caller.call('ping', {});
  });
});

overBoth('a stream for a handler that does not read it', () => {
  it('is dropped, and blocks neither a cancel nor other messages', async () => {
    const watch = method((_, call) => untilAborted(call));
    const caller = await calling(await serving({ watch, ping }));
    const stop = new AbortController();
    const call = caller.call('watch', {}, { signal: stop.signal });
    for (let n = 0; n < 50; n++) await caller.notify('piece', { id: 1, n }, PIECE);
    await caller.call('ping', {});
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    await caller.call('ping', {});
  });

  it('fails for a handler that reads it too late', async () => {
    const begun = gate();
    const heard = gate();
    const faults: unknown[] = [];
    const late = method(async (_, call) => {
      begun.open();
      await heard.opened;
      for await (const _piece of call.incoming);
      return {};
    });
    const marker = method(async () => returning({}, heard.open()));
    const listener = await serving({ late, marker }, { onFault: (name) => faults.push(name) });
    const caller = await calling(listener);
    const call = caller.call('late', {});
    await begun.opened;
    await caller.notify('piece', { id: 1 });
    await caller.call('marker', {});
    await expect(call).rejects.toMatchObject({ code: 'failed' });
    expect(faults).toEqual(['late']);
  });

  it('waits for the turn of its call, but not for ever', () =>
    inStillTime(async (pass) => {
      const drink = method(async (_, call) => {
        for await (const piece of call.incoming) if (piece.method === 'end') break;
        return {};
      });
      const left = gate();
      const watch = method((_, call) => untilAborted(call).finally(left.open));
      const caller = await calling(await serving({ drink, watch }, { inFlight: 1, requestMs: 300 }));
      const stop = new AbortController();
      const watching = expect(caller.call('watch', {}, { signal: stop.signal })).rejects.toMatchObject({
        code: 'interrupted',
      });
      const tooLate = expect(caller.call('drink', {})).rejects.toMatchObject({ code: 'busy' });
      const pouring = (async () => {
        for (let n = 0; n < 50; n++) await caller.notify('piece', { id: 2, n }, PIECE);
        stop.abort();
      })();
      await passUntil(pass, Promise.all([pouring, watching, tooLate]));
      // Its `cancel` stands behind the pieces: only now the turn is free.
      await left.opened;
      const inTime = caller.call('drink', {});
      await caller.notify('end', { id: 3 });
      await inTime;
    }));
});

overBoth('the end of a call', () => {
  it('by its signal is told to the server', async () => {
    const told = gate<string>();
    const watch = method((_, call) => {
      call.signal.addEventListener('abort', () => told.open(call.signal.reason.code));
      return untilAborted(call);
    });
    const caller = await calling(await serving({ watch, ping }));
    const stop = new AbortController();
    const call = caller.call('watch', {}, { signal: stop.signal });
    await caller.call('ping', {});
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    expect(await told.opened).toBe('interrupted');
    await expect(caller.call('watch', {}, { signal: stop.signal })).rejects.toMatchObject({ code: 'interrupted' });
    await caller.call('ping', {});
  });

  it('by its time limit is told to the server, and late answers are dropped', async () => {
    const told = gate();
    const late = method(
      (_, call) =>
        new Promise((resolve) => call.signal.addEventListener('abort', () => returning(resolve({}), told.open()))),
    );
    const caller = await calling(await serving({ late, ping }));
    await expect(caller.call('late', {}, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'timeout' });
    await told.opened;
    await caller.call('ping', {});
  });

  it('by the end of the server is `closed`, now and later', async () => {
    const { listener, accept } = await listening();
    const caller = await calling(listener);
    const calls = [caller.call('a', {}), caller.call('b', {}, { timeoutMs: 10_000 })];
    (await accept()).close();
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'closed' });
    await expect(caller.call('c', {})).rejects.toMatchObject({ code: 'closed' });
    await expect(caller.notify('d', {})).rejects.toMatchObject({ code: 'closed' });
    expect(await caller.closed).toBeNull();
  });

  it('by the end of the caller is `closed` here and an abort there', async () => {
    const begun = gate();
    const told = gate<string>();
    const streams = gate<string>();
    const watch = method(async (_, call) => {
      begun.open();
      call.signal.addEventListener('abort', () => told.open(call.signal.reason.code));
      try {
        for await (const _piece of call.incoming);
      } catch (error) {
        streams.open((error as { code: string }).code);
      }
      return {};
    });
    const caller = await calling(await serving({ watch }));
    const call = caller.call('watch', {});
    await begun.opened;
    caller.close();
    await expect(call).rejects.toMatchObject({ code: 'closed' });
    expect([await told.opened, await streams.opened]).toEqual(['closed', 'closed']);
  });

  it('by a broken connection reaches a handler whose stream is full', async () => {
    const told = gate();
    const begun = gate();
    const stuck = method((_, call) => {
      expect(call.incoming).toBeDefined();
      begun.open();
      call.signal.addEventListener('abort', () => told.open());
      return untilAborted(call);
    });
    const listener = await serving({ stuck });
    const socket = await rawSocket(listener);
    socket.write('{"jsonrpc":"2.0","id":1,"method":"stuck"}\n{"jsonrpc":"2.0","method":"x","params":{"id":1}}\n');
    await begun.opened;
    await new Promise(setImmediate); // what came with the request is not taken: reading has stopped
    await listener.close();
    await told.opened;
  });

  it('by an error of its listener does not affect other calls', async () => {
    const tell = method(async (_, call) =>
      returning({}, await call.notify('piece', {}), await call.notify('piece', {})),
    );
    const caller = await calling(await serving({ tell, ping }));
    const fault = new Error('disk full');
    const thrower = () => {
      throw fault;
    };
    await expect(caller.call('tell', {}, { onNotification: thrower })).rejects.toBe(fault);
    await expect(caller.call('tell', {}, { onNotification: async () => thrower() })).rejects.toBe(fault);
    await caller.call('ping', {});
  });

  it('with a stuck listener does not block other calls', async () => {
    const tell = method(async (_, call) => returning({}, await call.notify('piece', {})));
    const caller = await calling(await serving({ tell, ping }));
    const stuck = caller.call('tell', {}, { onNotification: () => new Promise(() => {}), timeoutMs: 20 });
    const other = caller.call('ping', {});
    await expect(stuck).rejects.toMatchObject({ code: 'timeout' });
    await other;
  });

  it('by a refusal of the connection has the error of the refusal', async () => {
    const { listener, accept } = await listening({ connections: 1 });
    await calling(listener);
    await accept();
    const second = new RpcClient(await dial(at(listener)));
    await expect(second.call('list', {})).rejects.toMatchObject({ code: 'busy' });
  });

  it('by a request that is too long does not affect the connection', async () => {
    const caller = await calling(await serving({ ping }));
    await expect(caller.call('ping', { a: 'x'.repeat(70_000) })).rejects.toMatchObject({ code: 'too-large' });
    await caller.call('ping', {});
  });
});
