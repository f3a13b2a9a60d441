// Side b while it is connected: whose events count, when it is idle, and how long a stop waits for it. Also some small
// parts: the paths of a change, the bytes of a piece, pooled connections.

import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change.js';
import { pathsOf } from '../../../src/core/change.js';
import { SyncError } from '../../../src/core/errors.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { bytesOf } from '../../../src/sync/peer/announced.js';
import { ConnectionPool } from '../../../src/sync/peer/connection-pool.js';
import { nestingFault } from '../../../src/sync/root-nesting.js';
import { InFlight } from '../../../src/sync/session/in-flight.js';
import { joinPeer, outcomesOf } from '../../../src/sync/session/peer-side.js';
import { ArrivedContents } from '../../../src/sync/session/queued-change.js';
import { Sides } from '../../../src/sync/session/sides.js';
import { sayWhoMay } from '../../../src/sync/who-may.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { HandClock, LOOK, OWN, ScriptedReplica } from '../../support/session-fixture.js';

const change = (path: string, size = 1): Change => ({
  path: p(path),
  action: 'created',
  before: null,
  after: { ...file('x'), size },
});

function join() {
  const { pair } = new LockFixture();
  const [local, replica] = [new ScriptedReplica(), new ScriptedReplica()];
  const state = { isPresent: true };
  const posted: { kind: string; side?: string }[] = [];
  const claims = new Claims();
  const peer = joinPeer({
    ...{ pair, local, replica, claims },
    mailbox: { post: (event) => void posted.push(event) },
    isPresent: () => state.isPresent,
    clock: new HandClock(),
    inFlight: new InFlight(claims, pair),
    arrived: new ArrivedContents(),
  });
  return { pair, local, replica, state, posted, peer, kinds: () => posted.map(({ kind }) => kind) };
}

describe('side b', () => {
  test('posts events while it is the present one', async () => {
    const { replica, state, peer, kinds } = join();
    expect(peer.seen).toBe(false);
    replica.hint();
    peer.scanQueue.ask('hinted');
    peer.scanQueue.start();
    replica.scans[0]!.answer(LOOK);
    await turn();
    expect(kinds()).toEqual(['hint', 'scanned']);
    state.isPresent = false;
    replica.hint();
    peer.scanQueue.end();
    peer.scanQueue.ask('hinted');
    peer.scanQueue.start();
    replica.scans[1]!.answer(LOOK);
    await turn();
    expect(kinds()).toEqual(['hint', 'scanned']);
  });

  test.each([
    [true, ['applied', 'job-ended']],
    [false, ['job-ended', 'job-ended']],
  ])('what ends there is its outcome only while it is present: %s', async (isPresent, kinds) => {
    const scene = join();
    scene.peer.queues.b.add([change('x')]);
    scene.peer.queues.b.start();
    scene.state.isPresent = isPresent;
    await turn();
    scene.replica.jobs[0]!.finish();
    await turn();
    expect(scene.kinds()).toEqual(kinds);
    if (!isPresent) expect(scene.posted[0]).toMatchObject({ side: 'b', left: [{ path: 'x' }], error: null });
  });

  test.each(['a', 'b'] as const)('a large file goes to side %s when its directory is there', async (side) => {
    const { pair, peer, local, replica } = join();
    pair.side(side).snapshot = snapshotOf(tree('d/ f:1'));
    for (const path of ['d/x', 'f/x']) peer.queues[side].add([change(path, 5 << 20)]);
    peer.queues[side].start();
    await turn();
    const jobs = side === 'a' ? local.jobs : replica.jobs;
    expect(jobs.map(({ paths }) => paths)).toEqual([['d/x']]);
  });

  test('that is not connected delays no stop', async () => {
    let isOver = false;
    const clock = new HandClock();
    void outcomesOf(null, clock).then(() => {
      isOver = true;
    });
    await turn();
    await turn();
    expect(isOver).toBe(true);
  });

  test.each(['a', 'b'] as const)('what is carried to side %s is waited for at the end', async (side) => {
    const { peer, local, replica } = join();
    peer.queues[side].add([change('x')]);
    peer.queues[side].start();
    let isOver = false;
    void outcomesOf(peer, new HandClock()).then(() => {
      isOver = true;
    });
    await turn();
    await turn();
    expect(isOver).toBe(false);
    (side === 'a' ? local : replica).jobs[0]!.finish();
    for (let n = 0; n < 3; n++) await turn();
    expect(isOver).toBe(true);
  });
});

test('a change touches its path, where it comes from, and the copy that it leaves', () => {
  expect([...pathsOf(change('x'))]).toEqual(['x']);
  expect([...pathsOf({ ...change('x'), from: { path: p('y'), entry: file('x') }, conflictCopy: p('z') })]).toEqual([
    'x',
    'y',
    'z',
  ]);
});

test.each([
  [{ n: 0, data: Buffer.from('abc'), last: true }, 3],
  [{ n: 0, copy: { at: 5, bytes: 7 }, last: true }, 7],
  [{ n: 0, have: 9, last: false }, 9],
  [{ n: 0, failed: { kind: 'stale' } }, 0],
] as const)('a piece %j is %d bytes', (piece, bytes) => {
  expect(bytesOf(piece)).toBe(bytes);
});

describe('the sides', () => {
  const open = () => {
    const { pair } = new LockFixture();
    pair.meta.put('roots', `${OWN.root} root-b`);
    const [local, replica] = [new ScriptedReplica(), new ScriptedReplica()];
    const posted: string[] = [];
    const claims = new Claims();
    const inFlight = new InFlight(claims, pair);
    const mailbox = {
      post: (event: { kind: string; side?: string }) => void posted.push(`${event.kind} ${event.side}`),
    };
    const sides = new Sides({ ...{ pair, local, inFlight, claims, mailbox }, clock: new HandClock() });
    const asked = (which: ScriptedReplica) => which.scans.map(({ scope, paths }) => [scope, ...paths].join(' '));
    return { pair, local, replica, posted, claims, inFlight, sides, asked };
  };

  test('have scan numbers of their own; a disconnected one has 0', () => {
    const { sides, local, replica, asked } = open();
    expect([sides.scanPath('a', p('x')), sides.scanPath('b', p('x'))]).toEqual([1, 0]);
    expect([sides.isScanned('a', 0), sides.isScanned('a', 1), sides.isScanned('b', 9)]).toEqual([true, false, true]);
    sides.join(replica);
    expect([sides.scanPath('b', p('x')), sides.isScanned('b', 1)]).toEqual([1, false]);
    sides.startScans();
    expect([asked(local), asked(replica)]).toEqual([['hinted x'], ['everything x']]);
  });

  test('are scanned again, for everything or one path', () => {
    const { sides, local, replica, asked } = open();
    sides.rescan(p('x'));
    sides.startScans();
    expect(asked(local)).toEqual(['hinted x']);
    const other = open();
    other.sides.join(other.replica);
    other.sides.rescan();
    other.sides.startScans();
    expect([asked(other.local), asked(other.replica), asked(replica)]).toEqual([['everything'], ['everything'], []]);
  });

  test('are scanned for unconfirmed paths', () => {
    const { sides, local, replica, inFlight, asked } = open();
    sides.join(replica);
    inFlight.markDirty('a', p('x'));
    inFlight.markDirty('b', p('y'));
    sides.startScans();
    expect([asked(local), asked(replica)]).toEqual([['hinted x'], ['everything y']]);
  });

  test('give hints, side b while it is connected', () => {
    const { sides, local, replica, posted } = open();
    local.hint();
    sides.join(replica);
    replica.hint();
    sides.leave();
    sides.leave();
    replica.hint();
    expect([posted, sides.peer]).toEqual([['hint a', 'hint b'], null]);
  });

  test('have replicas where they are connected and can be trusted', () => {
    const { pair, sides, local, replica } = open();
    expect([sides.replica('a'), sides.replica('b')]).toEqual([local, null]);
    pair.meet(OWN, replica.introduction);
    sides.join(replica);
    expect(sides.replica('b')).toBe(null);
    pair.foldScan('b', { ...LOOK, whole: true }, 0);
    expect(sides.replica('b')).toBe(replica);
    sides.leave();
    expect(sides.replica('b')).toBe(null);
  });

  test('are idle when both are connected, no scan runs and no change is queued', async () => {
    const { sides, replica, local } = open();
    expect(sides.isIdle).toBe(false);
    const { scanQueue, queues } = sides.join(replica);
    expect(sides.isIdle).toBe(false);
    sides.startScans();
    scanQueue.end();
    expect(sides.isIdle).toBe(true);
    sides.rescan(p('x'));
    expect(sides.isIdle).toBe(false);
    sides.startScans();
    sides.localScans.end();
    expect(sides.isIdle).toBe(false);
    scanQueue.end();
    for (const side of ['a', 'b'] as const) {
      queues[side].add([change('x')]);
      expect(sides.isIdle).toBe(false);
      queues[side].start();
      await turn();
      (side === 'a' ? local : replica).jobs[0]!.finish();
      await turn();
      expect(sides.isIdle).toBe(true);
    }
  });

  test('running changes of a disconnected side b are claimed by the lost connection', async () => {
    const { sides, replica, claims, inFlight } = open();
    const { queues, scanQueue } = sides.join(replica);
    let isOver = false;
    void scanQueue.until(9).then(() => {
      isOver = true;
    });
    inFlight.markDirty('b', p('y'));
    queues.a.add([change('x')]);
    queues.a.start();
    await turn();
    sides.leave();
    await turn();
    expect([claims.heldBy(p('x')), claims.heldBy(p('y')), isOver]).toEqual(['disconnected-peer', null, true]);
  });
});

describe('pooled connections', () => {
  const open = () => {
    const made: { n: number; isClosed: boolean; close: () => void; closed: Promise<void> }[] = [];
    const lanes = new ConnectionPool(async () => {
      let end: () => void = () => {};
      const closed = new Promise<void>((resolve) => {
        end = resolve;
      });
      const lane = {
        n: made.length,
        isClosed: false,
        closed,
        close: () => {
          lane.isClosed = true;
          end();
        },
      };
      made.push(lane);
      return lane as never;
    });
    /** Runs a call that lasts until the test ends it. */
    const begin = () => {
      let go: (error?: Error) => void = () => {};
      const until = new Promise<void>((resolve, reject) => {
        go = (error) => (error === undefined ? resolve() : reject(error));
      });
      const done = lanes.run(async (lane) => {
        await until;
        return (lane as unknown as { n: number }).n;
      });
      done.catch(() => {});
      return { go, done };
    };
    return { lanes, made, begin };
  };

  test('serve one call each, and are used again when it has ended', async () => {
    const { made, begin } = open();
    const [one, two] = [begin(), begin()];
    await turn();
    expect(made).toHaveLength(2);
    one.go();
    expect(await one.done).toBe(0);
    const three = begin();
    three.go();
    two.go();
    expect([await three.done, made.length]).toEqual([0, 2]);
  });

  test('on which a call failed are closed', async () => {
    const { made, begin } = open();
    const one = begin();
    await turn();
    one.go(new Error('cut'));
    await expect(one.done).rejects.toThrow('cut');
    const two = begin();
    two.go();
    expect([await two.done, made[0]!.isClosed]).toEqual([1, true]);
  });

  test('are kept for the next call, four at most', async () => {
    const { made, begin } = open();
    const calls = Array.from({ length: 6 }, begin);
    await turn();
    for (const { go } of calls) go();
    await Promise.all(calls.map(({ done }) => done));
    expect(made.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, true, true]);
  });

  test('that close by themselves are not used again', async () => {
    const { made, begin } = open();
    const one = begin();
    one.go();
    await one.done;
    made[0]!.close();
    await turn();
    const two = begin();
    two.go();
    expect(await two.done).toBe(1);
  });

  test('are closed together, and none is opened any more', async () => {
    const { lanes, made, begin } = open();
    const [one, two] = [begin(), begin()];
    two.go();
    await two.done;
    lanes.close();
    expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    one.go();
    await one.done;
    const three = begin();
    await expect(three.done).rejects.toMatchObject({ code: 'closed' });
    expect(made).toHaveLength(2);
  });

  test('one that was being opened at the close is closed', async () => {
    const { lanes, made, begin } = open();
    const one = begin();
    lanes.close();
    await turn();
    expect(made[0]!.isClosed).toBe(true);
    one.go();
    await one.done;
  });
});

test.each<[it: string, a: [string, string[]], b: [string, string[]], fault: boolean]>([
  ['side by side', ['a', ['x']], ['b', ['x']], false],
  ['the same', ['a', []], ['a', []], true],
  ['b in a', ['a', []], ['b', ['x', 'a']], true],
  ['a in b', ['a', ['b', 'x']], ['b', []], true],
])('two roots: %s', (_, [a, aboveA], [b, aboveB], fault) => {
  const found = nestingFault({ id: a, above: aboveA }, { id: b, above: aboveB });
  expect([found instanceof SyncError, found === null]).toEqual([fault, !fault]);
});

test.each([
  [{}, process.platform !== 'linux'],
  [{ secret: Buffer.alloc(32) }, false],
  [{ allowLocal: true }, false],
  [{ allowLocal: false }, process.platform !== 'linux'],
])('%j: it is said that everybody may connect: %s', (options, isSaid) => {
  const said: string[] = [];
  sayWhoMay(options as never, { event: () => {}, detail: () => {}, warn: (text) => void said.push(text) });
  expect(said.length > 0).toBe(isSaid);
});
