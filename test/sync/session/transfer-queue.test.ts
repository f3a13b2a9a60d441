import { describe, expect, test } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath } from '../../../src/core/path.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { ArrivedContents, comingOf, leftOf } from '../../../src/sync/session/queued-change.js';
import { type TransferEvent, TransferQueue } from '../../../src/sync/session/transfer-queue.js';
import { dir, file, p, turn } from '../../support/disk-site.js';
import { FakeReplica, type Job } from '../../support/fake-replica.js';

const LARGE = 'L'.repeat(4 << 20);

function open(isReady: (change: Change) => boolean = () => true, arrived = new ArrivedContents()) {
  const [target, source] = [new FakeReplica(), new FakeReplica()];
  const events: TransferEvent[] = [];
  const claims = new Claims();
  let time = 1_000;
  const queue = new TransferQueue(
    'a',
    target,
    source,
    (event) => events.push(event),
    isReady,
    () => time++,
    claims,
    arrived,
  );
  /** The events since the last call, in short. */
  const said = () =>
    events.splice(0).map((event) => {
      if (event.kind === 'applied') return `${event.change.path} ${event.outcome.kind}`;
      return `ended ${event.left.map(({ path }) => path).join(',')}${event.error === null ? '' : ` ${(event.error as Error).message}`}`;
    });
  const has = (path: RelPath) => claims.heldBy(path) === 'transfer';
  return { queue, target, source, events, said, claims, has };
}

const create = (name: string, content: string): Change => ({
  path: p(name),
  action: 'created',
  before: null,
  after: file(content),
});
const make = (name: string): Change => ({ path: p(name), action: 'created', before: null, after: dir() });
const move = (from: string, to: string): Change => ({
  path: p(to),
  action: 'renamed',
  before: null,
  after: file('x'),
  from: { path: p(from), entry: file('x') },
});
const large = (name: string, before: Entry | null = null): Change => ({
  path: p(name),
  action: before === null ? 'created' : 'modified',
  before,
  after: file(LARGE),
});

describe('small changes', () => {
  test('go in one batch, in their order; later ones go in the next', async () => {
    const { queue, has, target, said } = open();
    queue.add([make('d'), create('d/f', '1'), create('g', '2')]);
    queue.start();
    queue.add([create('later', '3')]);
    queue.start();
    expect(target.jobs.map(({ paths }) => paths)).toEqual([['d', 'd/f', 'g']]);
    target.jobs[0]!.finish();
    await turn();
    expect(said()).toEqual(['d done', 'd/f done', 'g done', 'ended ']);
    expect([has(p('d')), has(p('later')), queue.size]).toEqual([false, true, 1]);
    queue.start();
    expect(target.jobs[1]!.paths).toEqual(['later']);
  });

  test.each([
    ['changes', Array.from({ length: 4_500 }, (_, n) => create(`f${n}`, '')), [2_000, 2_000, 500]],
    [
      'bytes',
      Array.from({ length: 40 }, (_, n) => ({ ...create(`f${n}`, ''), after: { ...file('x'), size: 4_000_000 } })),
      [17, 17, 6],
    ],
  ])('go in batches of a bounded number of %s', async (_, changes, expected) => {
    const { queue, target } = open();
    queue.add(changes);
    for (const n of expected.keys()) {
      queue.start();
      target.jobs[n]!.finish();
      await turn();
    }
    queue.start();
    expect(target.jobs.map((job) => job.changes.length)).toEqual(expected);
    expect(target.jobs.flatMap(({ paths }) => paths)).toEqual(changes.map(({ path }) => path));
    expect(queue.size).toBe(0);
  });

  test('are not worth the question what the target has of them; a large one is', async () => {
    const { queue, target, source } = open();
    source.files.set(p('f'), 'one').set(p('large'), LARGE);
    queue.add([create('f', 'one'), large('large')]);
    queue.start();
    for (const job of target.jobs) await job.take();
    expect(target.askedFor).toEqual(['large']);
  });

  test('take their contents from the source, numbered among the changes with content', async () => {
    const { queue, target, source } = open();
    source.files.set(p('f'), 'one').set(p('g'), 'two');
    queue.add([
      make('d'),
      create('f', 'one'),
      { ...create('f', 'x'), path: p('m'), action: 'metadata' },
      create('g', 'two'),
      create('gone', 'x'),
    ]);
    queue.start();
    expect(await target.jobs[0]!.take()).toEqual(['one', 'two', '<stale>']);
    expect(source.wanted[0]!.map(({ path }) => path)).toEqual(['f', 'g', 'gone']);
  });

  test('without contents ask the source for nothing', async () => {
    const { queue, target, source } = open();
    queue.add([make('d')]);
    queue.start();
    expect(await target.jobs[0]!.take()).toEqual([]);
    expect(source.wanted).toEqual([]);
  });

  test.each<Outcome>([{ kind: 'stale' }, { kind: 'kept' }, { kind: 'problem', code: 'no-space', message: 'full' }])(
    'tell how each ended: $kind',
    async (outcome) => {
      const { queue, has, target, events } = open();
      queue.add([create('f', '1')]);
      queue.start();
      target.jobs[0]!.report(0, outcome);
      await turn();
      expect(events).toEqual([{ kind: 'applied', side: 'a', change: create('f', '1'), outcome, ms: 1 }]);
      expect(has(p('f'))).toBe(false);
    },
  );

  test('claim every path that they touch until their outcome is known', async () => {
    const { queue, has, target } = open();
    const copying: Change = { ...create('f', '1'), conflictCopy: p('f (conflict)') };
    queue.add([move('x', 'y'), copying]);
    const pinned = () => ['x', 'y', 'f', 'f (conflict)', 'z'].filter((name) => has(p(name)));
    expect(pinned()).toEqual(['x', 'y', 'f', 'f (conflict)']);
    queue.start();
    target.jobs[0]!.report(0);
    await turn();
    expect(pinned()).toEqual(['f', 'f (conflict)']);
    target.jobs[0]!.report(1);
    await turn();
    expect(pinned()).toEqual([]);
  });
});

describe('large files', () => {
  test('are transferred alone, two at a time, and delay nothing', async () => {
    const { queue, has, target, said } = open();
    queue.add([large('L1'), create('s1', '1'), large('L2'), large('L3'), create('s2', '2')]);
    queue.start();
    expect(target.jobs.map(({ paths }) => paths)).toEqual([['s1', 's2'], ['L1'], ['L2']]);
    target.jobs[2]!.finish();
    await turn();
    queue.start();
    expect(target.jobs.at(-1)!.paths).toEqual(['L3']);
    target.jobs[0]!.finish();
    await turn();
    expect(said()).toEqual(['L2 done', 'ended ', 's1 done', 's2 done', 'ended ']);
    expect([has(p('L1')), has(p('L3')), has(p('s1'))]).toEqual([true, true, false]);
  });

  test('wait for their directory, and let others go first', () => {
    const there = new Set<string>();
    const { queue, target } = open(({ path }) => there.has(path.split('/')[0]!));
    const making = (name: string): Change => ({ path: p(name), action: 'created', before: null, after: dir() });
    queue.add([making('d'), making('e'), large('d/L1'), large('e/L2')]);
    queue.start();
    expect(target.jobs.splice(0).map(({ paths }) => paths)).toEqual([['d', 'e']]);
    there.add('e');
    queue.start();
    there.add('d');
    queue.start();
    expect(target.jobs.map(({ paths }) => paths)).toEqual([['e/L2'], ['d/L1']]);
  });

  test('that replace a directory stay in the batch', () => {
    const { queue, target } = open();
    queue.add([{ path: p('d/f'), action: 'deleted', before: file('x'), after: null }, large('d', dir())]);
    queue.start();
    expect(target.jobs.map(({ paths }) => paths)).toEqual([['d/f', 'd']]);
  });

  test('that are joined have arrived each with its size', async () => {
    const { queue, target, source } = open();
    const joined = Object.assign(source, {
      readJoined: async function* () {
        yield { n: 0, sizes: [1, 3], joined: Buffer.from('abcd') };
        yield { n: 2, data: Buffer.from('e'), last: true };
      },
    });
    queue.add([create('x', 'a'), create('y', 'bcd'), create('z', 'e f')]);
    queue.start();
    for await (const _ of target.jobs[0]!.contents) {
      // taken
    }
    expect([queue.progress(p('x')), queue.progress(p('y')), queue.progress(p('z'))]).toEqual([100, 100, 33]);
    expect([leftOf(queue.transferred), joined.wanted]).toEqual([{ files: 3, bytes: 2 }, []]);
  });

  test('report how much of them has arrived', async () => {
    const { queue, target, source } = open();
    source.files.set(p('L'), LARGE.slice(0, LARGE.length / 4));
    queue.add([large('L'), make('d')]);
    expect([queue.progress(p('L')), queue.progress(p('d')), queue.progress(p('x'))]).toEqual([0, null, null]);
    queue.start();
    await target.jobs[1]!.take();
    expect(queue.progress(p('L'))).toBe(25);
    target.jobs[1]!.finish();
    await turn();
    expect(queue.progress(p('L'))).toBeNull();
  });

  test('count what had arrived before they were cut, until more has arrived', async () => {
    const arrived = new ArrivedContents();
    const { queue, target, source } = open(() => true, arrived);
    source.files.set(p('L'), LARGE.slice(0, LARGE.length / 2));
    queue.add([large('L', file('old'))]);
    queue.start();
    await target.jobs[0]!.take();
    target.jobs[0]!.fail(new Error('cut'));
    await turn();
    expect([queue.progress(p('L')), arrived.shareOf(file(LARGE)), arrived.shareOf(file('x'))]).toEqual([null, 50, 0]);
    source.files.set(p('L'), LARGE.slice(0, LARGE.length / 4));
    queue.add([large('L', file('old'))]);
    queue.start();
    await target.jobs[1]!.take();
    expect([queue.progress(p('L')), leftOf(queue.transferred)]).toEqual([50, { files: 1, bytes: LARGE.length / 2 }]);
    arrived.clear();
    expect(arrived.shareOf(file(LARGE))).toBe(0);
  });

  test.each<[string, (queue: TransferQueue, job: Job) => void]>([
    ['a lost connection, from its loss on', (queue) => queue.disconnect()],
    ['an outcome that is not done', (_, job) => job.report(0, { kind: 'stale' })],
    ['a problem', (_, job) => job.report(0, { kind: 'problem', code: 'unreadable', message: 'No.' })],
  ])('count what had arrived before %s', async (_, end) => {
    const arrived = new ArrivedContents();
    const { queue, target, source } = open(() => true, arrived);
    source.files.set(p('L'), LARGE.slice(0, LARGE.length / 2));
    queue.add([large('L', file('old'))]);
    queue.start();
    await target.jobs[0]!.take();
    end(queue, target.jobs[0]!);
    await turn();
    expect(arrived.shareOf(file(LARGE))).toBe(50);
  });

  test('are shown from the beginning until their outcome is known', async () => {
    const { queue, target, source } = open();
    source.files.set(p('L'), LARGE);
    queue.add([large('L'), create('s', 'small')]);
    expect([...comingOf(queue.transferred)]).toEqual([]);
    queue.start();
    expect([...comingOf(queue.transferred)]).toEqual([{ path: 'L', size: LARGE.length, arrived: 0 }]);
    await target.jobs[1]!.take();
    expect([...comingOf(queue.transferred)]).toEqual([{ path: 'L', size: LARGE.length, arrived: LARGE.length }]);
  });

  test('are interrupted at their next piece, and what has not begun is recalled', async () => {
    const { queue, target, source, has } = open();
    source.files.set(p('L1'), LARGE);
    queue.add([large('L1'), large('L2'), large('L3')]);
    queue.start();
    queue.interrupt();
    expect([has(p('L1')), has(p('L3'))]).toEqual([true, false]);
    await expect(target.jobs[0]!.take()).rejects.toMatchObject({ code: 'interrupted' });
    queue.start();
    expect(await target.jobs[1]!.take()).toEqual(['<stale>']);
  });
});

describe('a recall', () => {
  test('of a change that has not begun frees all its paths', async () => {
    const { queue, has, target } = open();
    queue.add([create('first', '1')]);
    queue.start();
    queue.add([create('f', '1'), move('x', 'y'), create('g', '2')]);
    expect(queue.recall(p('f'))).toEqual(['f']);
    expect([...queue.recall(p('x'))].sort()).toEqual(['x', 'y']);
    expect(['f', 'x', 'y', 'g'].map((name) => has(p(name)))).toEqual([false, false, false, true]);
    target.jobs[0]!.finish();
    await turn();
    queue.start();
    expect(target.jobs[1]!.paths).toEqual(['g']);
  });

  test('of a running change, or of none, does nothing', () => {
    const { queue, has } = open();
    queue.add([create('f', '1')]);
    queue.start();
    expect([queue.recall(p('f')), queue.recall(p('nobody'))]).toEqual([[], []]);
    expect(has(p('f'))).toBe(true);
  });

  test('of a large file lets the next one start', () => {
    const { queue, target } = open();
    queue.add([large('L1'), large('L2'), large('L3')]);
    queue.recall(p('L2'));
    queue.start();
    expect(target.jobs.map(({ paths }) => paths)).toEqual([['L1'], ['L3']]);
  });

  test('makes room for another change of the same path', async () => {
    const { queue, target, said } = open();
    queue.add([create('f', 'old')]);
    queue.recall(p('f'));
    queue.add([create('f', 'new')]);
    queue.start();
    expect(target.jobs[0]!.changes).toEqual([create('f', 'new')]);
    target.jobs[0]!.finish();
    await turn();
    expect(said()).toEqual(['f done', 'ended ']);
  });
});

describe('a job that is lost', () => {
  test('returns the rest of its changes with the reason, and frees its connection', async () => {
    const { queue, target, said } = open();
    queue.add([create('f', '1'), move('x', 'y'), create('g', '2')]);
    queue.start();
    target.jobs[0]!.report(0);
    target.jobs[0]!.fail(new Error('cut'));
    await turn();
    expect(said()).toEqual(['f done', 'ended y,g cut']);
    expect(queue.size).toBe(0);
    queue.add([create('h', '3')]);
    queue.start();
    expect(target.jobs[1]!.paths).toEqual(['h']);
  });

  test('without an error, returns the rest of its changes', async () => {
    const { queue, target, said } = open();
    queue.add([create('f', '1'), large('L')]);
    queue.start();
    for (const job of target.jobs) job.outcomes.end();
    await turn();
    expect(said().sort()).toEqual(['ended L', 'ended f']);
    expect(queue.size).toBe(0);
  });

  test('by an unexpected outcome ends the job, not the queue', async () => {
    const { queue, target, said } = open();
    queue.add([create('f', '1')]);
    queue.start();
    target.jobs[0]!.report(7);
    await turn();
    expect(said()).toEqual([expect.stringMatching(/^ended f /)]);
  });

  test('a second outcome of one change is ignored', async () => {
    const { queue, target, said } = open();
    queue.add([create('f', '1')]);
    queue.start();
    target.jobs[0]!.report(0);
    target.jobs[0]!.finish();
    await turn();
    expect(said()).toEqual(['f done', 'ended ']);
  });

  test('by a target that throws at once is reported, too', async () => {
    const { queue, target, said } = open();
    target.apply = () => {
      throw new Error('the root is gone');
    };
    queue.add([create('f', '1')]);
    queue.start();
    await turn();
    expect([said(), queue.size]).toEqual([['ended f the root is gone'], 0]);
  });
});
