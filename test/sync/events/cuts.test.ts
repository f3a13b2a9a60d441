// Watching over a connection that is cut again and again, at any byte: whoever goes on after the last event that he has
// misses none and gets none twice, and where events are gone a gap says how many.
import net from 'node:net';
import * as v from 'valibot';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../src/client/client.js';
import type { EventPlace, Gap, NumberedEvent, WatchedEvent } from '../../../src/core/events.js';
import { serveWatch } from '../../../src/sync/clients/watching.js';
import { EventHistory } from '../../../src/sync/events/history.js';
import { clientParams } from '../../../src/wire/client-api/params.js';
import { MAX_KEPT_EVENTS } from '../../../src/wire/frame/limits.js';
import { type IncomingCall, serveRpc } from '../../../src/wire/rpc/responder.js';
import { listen } from '../../../src/wire/socket/tcp.js';
import { Random } from '../../sim/random.js';
import { sized } from '../../support/sizes.js';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
const CUTS = sized(60, 1_000);

/** A server that says events and does nothing else. `history` is another one after a restart. */
async function saying() {
  const state = { history: new EventHistory() };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    allowLocal: true,
    onConnection: (connection) => {
      const hello = { params: v.object({}), handle: async () => ({ protocol: 1, server: 'a', version: 'test' }) };
      const watch = {
        params: clientParams.watch,
        handle: (params: object, call: IncomingCall) => serveWatch(state.history, params, call),
      };
      void serveRpc(connection, { hello, watch });
    },
  });
  onTestFinished(() => listener.close());
  return { state, port: listener.port };
}

/** A wire that lets so many bytes of the server's through and then cuts the connection; null: it never does. */
async function cutting(port: number) {
  const wire = { left: null as number | null, port: 0 };
  const server = net.createServer((near) => {
    const far = net.connect({ host: '127.0.0.1', port });
    const cut = () => {
      for (const socket of [near, far]) socket.destroy();
    };
    for (const socket of [near, far]) socket.on('error', cut).on('close', cut);
    near.pipe(far);
    far.on('data', (data) => {
      near.write(wire.left === null ? data : data.subarray(0, wire.left));
      if (wire.left === null) return;
      wire.left -= data.length;
      if (wire.left <= 0) near.end(cut);
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  onTestFinished(() => void server.close());
  wire.port = (server.address() as net.AddressInfo).port;
  return wire;
}

/** What a watcher must get, checked event by event. */
class Ledger {
  last: EventPlace | null = null;
  gaps = 0;
  events = 0;
  readonly faults: string[] = [];

  take(event: WatchedEvent, { run, first }: EventHistory): void {
    const isOther = this.last !== null && this.last.run !== run;
    const before = this.last === null || isOther ? 0 : this.last.id;
    const isRight =
      event.event === 'gap' ? this.#isGap(event, before, isOther, first) : !isOther && isNext(event, before);
    if (!isRight || event.run !== run) this.faults.push(`${JSON.stringify(event)} after ${JSON.stringify(this.last)}`);
    if (event.event === 'gap') this.gaps++;
    else this.events++;
    this.last = { run: event.run, id: event.id };
  }

  /** A gap is said only where events are gone: those of another run, or the ones that are no longer kept. */
  #isGap(gap: Gap, before: number, isOther: boolean, first: number): boolean {
    if (gap.id >= first) return false;
    return isOther ? gap.missed === null : gap.missed === gap.id - before && gap.missed > 0;
  }
}

const isNext = (event: NumberedEvent, before: number): boolean =>
  event.id === before + 1 && event.event === 'peer-lost' && event.reason === `${event.run} ${event.id}`;

test(`no event is missed and none comes twice over ${CUTS} cuts (FUZZ_SEED=${SEED})`, {
  timeout: sized(120_000, 600_000),
}, async () => {
  const random = new Random(SEED);
  const { state, port } = await saying();
  const wire = await cutting(port);
  const ledger = new Ledger();
  const say = (count: number) => {
    for (let n = 0; n < count; n++) {
      state.history.add({ event: 'peer-lost', reason: `${state.history.run} ${state.history.last + 1}` });
    }
  };
  let [restarts, floods] = [0, 0];
  const watchUntilCut = async (): Promise<void> => {
    const client = await Client.connect({ server: { host: '127.0.0.1', port: wire.port }, allowLocal: true }).catch(
      () => null,
    );
    if (client === null) return;
    try {
      for await (const event of client.watch({ since: ledger.last ?? 0 })) {
        ledger.take(event, state.history);
        const isLast = event.id === state.history.last;
        if (isLast && wire.left === null) return;
        if (isLast || random.below(20) === 0) say(1 + random.below(4));
      }
    } catch (error) {
      expect(error).toMatchObject({ code: 'closed' });
    } finally {
      client.close();
    }
  };
  for (let cut = 0; cut < CUTS; cut++) {
    const chance = random.below(100);
    if (chance === 0 || cut === CUTS >> 1) {
      state.history = new EventHistory();
      restarts++;
    } else if (chance === 1) {
      say(MAX_KEPT_EVENTS - 60 + random.below(3) * random.below(2_000));
      floods++;
    }
    say(1 + random.below(60));
    wire.left = 1 + random.below(random.below(20) === 0 ? 400_000 : 6_000);
    await watchUntilCut();
  }
  wire.left = null;
  say(1);
  await watchUntilCut();
  expect(ledger.faults).toEqual([]);
  expect(ledger.last).toEqual({ run: state.history.run, id: state.history.last });
  console.info(
    `seed ${SEED}: ${CUTS} cuts, ${ledger.events} events, ${ledger.gaps} gaps, ${restarts} restarts, ${floods} floods`,
  );
  expect(ledger.gaps).toBeGreaterThan(0);
});
