// Uploads on a simulated pair: what is refused before any content is sent, how content is received, and the steps that
// give it its name.
import { describe, expect, test, vi } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import type { RelPath } from '../../../src/core/path.js';
import { TransferLimit } from '../../../src/sync/files/transfer-limit.js';
import { upload } from '../../../src/sync/files/upload.js';
import type { ClientWrite } from '../../../src/sync/files/write.js';
import { showChanges, snapshotOf, tree } from '../../support/core/tree.js';
import { file, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

interface Given {
  readonly a?: string;
  readonly b?: string;
  readonly shared?: string;
  /** Pieces as text; a piece may have a wrong method, or throw. */
  readonly pieces?: readonly (string | { method: string })[];
  readonly params?: object;
  readonly fails?: { take?: Error; finish?: Error; notTheContent?: true };
  /** Runs when the content is complete and has no name yet. */
  readonly meanwhile?: (fixture: LockFixture) => void;
}

async function run({ a = '', b = a, shared = a, pieces = ['abc'], params = {}, fails = {}, meanwhile }: Given) {
  const fixture = new LockFixture();
  const { pair, lockState } = fixture;
  for (const [path, entry] of tree(shared)) pair.archive.put(path, entry);
  pair.a.snapshot = snapshotOf(tree(a));
  pair.b.snapshot = snapshotOf(tree(b));
  const seen = {
    asked: [] as (readonly string[])[],
    steps: [] as string[],
    over: [] as (boolean | undefined)[],
    entry: null as object | null,
    sent: [] as object[],
    taken: '',
    discarded: 0,
    published: 0,
    reads: 0,
  };
  const receiving = {
    bytes: 0,
    take: async (data: Buffer) => {
      if (fails.take !== undefined) throw fails.take;
      await turn();
      receiving.bytes += data.length;
      seen.taken += data.toString();
    },
    finish: async (hash: string) => {
      if (fails.finish !== undefined) throw fails.finish;
      meanwhile?.(fixture);
      return fails.notTheContent ? null : { ...file(seen.taken), hash: hash === '' ? file(seen.taken).hash : hash };
    },
    discard: () => void seen.discarded++,
  };
  const context = {
    ...{ pair, lockState },
    replica: () => null,
    local: {
      receive: (entry: object) => {
        seen.entry = entry;
        return receiving;
      },
      publish: async function* () {
        seen.published++;
        yield { n: 0, outcome: { kind: 'done', sent: 0 } };
      },
    },
    writes: {
      ask: async (write: ClientWrite) => {
        seen.asked.push([write.owner, ...write.paths]);
        await turn();
        const steps = write.decide((path: RelPath) => pair.entry('a', path));
        for (const { change, publish, over } of steps) {
          seen.steps.push(showChanges([change]));
          seen.over.push(over);
          if (publish !== undefined) for await (const _ of publish(change));
        }
        return steps.map(({ change }) => change);
      },
    },
  };
  const incoming = (async function* () {
    for (const [n, piece] of pieces.entries()) {
      seen.reads++;
      if (typeof piece !== 'string' && piece.method === 'silence') await new Promise(() => {});
      if (typeof piece === 'string') {
        yield { method: 'content', params: { last: n === pieces.length - 1 }, payload: Buffer.from(piece) };
      } else yield { params: {}, payload: null, ...piece };
    }
  })();
  const call = {
    incoming,
    connection: {},
    notify: async (method: string, what: object) => void seen.sent.push({ method, ...what }),
  };
  const all = { path: 'x', owner: 'ann', size: 3, ...params };
  const answer = await upload(context as never, all as never, call as never, new TransferLimit()).catch(
    (error: SyncError) => `${error.code} ${error.message}`,
  );
  return { answer, ...seen };
}

describe('an upload', () => {
  test('is decided, announced, received, and given its name', async () => {
    const done = await run({ pieces: ['a', 'b', 'c'], params: { mtime: '1970-01-01T00:00:02.000Z', mode: 0o600 } });
    expect(done.answer).toEqual({ path: 'x', changed: true, created: true, size: 3, hash: file('abc').hash });
    expect(done.asked).toEqual([
      ['ann', 'x'],
      ['ann', 'x'],
    ]);
    expect(done).toMatchObject({ steps: ['+x'], taken: 'abc', sent: [{ method: 'ready', path: 'x' }] });
    expect(done).toMatchObject({ discarded: 1, published: 1, over: [false] });
    expect(done.entry).toEqual({ type: 'file', size: 3, mtime: 2_000_000, mode: 0o600 });
  });

  test.each<[it: string, given: Given, mode: number]>([
    ['its own', { params: { mode: 0o640 } }, 0o640],
    ['those of what it replaces', { a: 'x:1!755', params: { overwrite: true } }, 0o755],
    ['the usual ones', {}, 0o644],
    ['the usual ones over a link', { a: 'x->y', params: { overwrite: true } }, 0o644],
  ])('has bits: %s', async (_, given, mode) => {
    expect((await run(given)).entry).toMatchObject({ mode });
  });

  test('gets the present time where it has none', async () => {
    const before = Date.now() * 1000;
    const { entry } = await run({});
    expect((entry as { mtime: number }).mtime).toBeGreaterThanOrEqual(before);
  });

  test.each<[it: string, given: Given, steps: string[], answer: object]>([
    [
      'makes the directories that are missing',
      { params: { path: 'd/e/x' } },
      ['+d', '+d/e', '+d/e/x'],
      { created: true },
    ],
    ['replaces a file where that is asked for', { a: 'x:1', params: { overwrite: true } }, ['*x'], { created: false }],
    ['goes into a directory', { a: 'd/', params: { path: 'd', name: 'x' } }, ['+d/x'], { path: 'd/x', created: true }],
    ['takes the name where there is no directory', { params: { path: 'd', name: 'x' } }, ['+d'], { path: 'd' }],
    [
      'replaces a file there, though a name was given',
      { a: 'd:1', params: { path: 'd', name: 'x', overwrite: true } },
      ['*d'],
      { path: 'd' },
    ],
  ])('%s', async (_, given, steps, answer) => {
    const done = await run(given);
    expect([done.steps, done.answer]).toEqual([steps, expect.objectContaining({ changed: true, ...answer })]);
  });

  test('over a file that only side b has is passed on at once', async () => {
    const done = await run({ b: 'x:1', params: { overwrite: true } });
    expect([done.steps, done.over]).toEqual([['+x'], [true]]);
  });

  test('of the present content changes nothing', async () => {
    const done = await run({
      params: { overwrite: true },
      meanwhile: ({ pair }) => pair.a.snapshot!.put('x' as RelPath, file('abc')),
    });
    expect(done.answer).toMatchObject({ changed: false, created: false });
    expect([done.published, done.discarded]).toEqual([0, 1]);
  });
});

describe('is refused before anything is sent', () => {
  test.each<[it: string, given: Given, words: RegExp]>([
    ['over a file', { a: 'x:1' }, /^exists "x" exists already/],
    ['over what only side b has', { b: 'x:1' }, /^exists "x" exists already/],
    ['over a directory', { a: 'x/', params: { overwrite: true } }, /^exists "x" is a directory/],
    ['below a file', { a: 'd:1', params: { path: 'd/x' } }, /^exists .*no place/],
    ['over a file in a directory', { a: 'd/x:1', params: { path: 'd', name: 'x' } }, /^exists "d\/x" exists/],
    [
      'over a directory in a directory',
      { a: 'd/x/', params: { path: 'd', name: 'x', overwrite: true } },
      /^exists "d\/x" is a directory/,
    ],
    ['to a name that is none', { a: 'd/', params: { path: 'd', name: '..' } }, /^bad-path/],
  ])('%s', async (_, given, words) => {
    const done = await run(given);
    expect(done.answer).toMatch(words);
    expect([done.sent, done.reads, done.steps]).toEqual([[], 0, []]);
  });
});

describe('is refused, and nothing is left', () => {
  test.each<[it: string, given: Given, words: RegExp]>([
    ['where more comes', { pieces: ['ab', 'cd'] }, /^failed More came than the 3 bytes/],
    ['where something else comes', { pieces: ['a', { method: 'odd' }] }, /^failed Something else/],
    ['where nothing more comes', { pieces: [{ method: 'content' }] }, /^failed Something else/],
    ['where the content is not the announced one', { fails: { notTheContent: true } }, /^failed What came is not/],
    [
      'where the disk is full',
      { fails: { take: Object.assign(new Error('x'), { code: 'ENOSPC' }) } },
      /^failed "x" cannot be taken in on side a: the disk is full/,
    ],
    [
      'where it is full at the end',
      { fails: { finish: Object.assign(new Error('x'), { code: 'ENOSPC' }) } },
      /the disk is full/,
    ],
    [
      'where a file came meanwhile',
      { meanwhile: ({ pair }) => pair.a.snapshot!.put('x' as RelPath, file('other')) },
      /^exists "x" exists/,
    ],
    [
      'where a directory came meanwhile',
      {
        params: { overwrite: true },
        meanwhile: ({ pair }) => pair.a.snapshot!.put('x' as RelPath, { type: 'dir', mode: 0o755 }),
      },
      /^exists "x" is a directory/,
    ],
  ])('%s', async (_, given, words) => {
    const done = await run(given);
    expect(done.answer).toMatch(words);
    expect([done.published, done.discarded]).toEqual([0, 1]);
  });

  test('no more than the announced size is received', async () => {
    expect((await run({ pieces: ['abc', 'd', 'e'] })).taken).toBe('abc');
    expect((await run({ pieces: ['abc'], params: { size: 3 } })).taken).toBe('abc');
  });

  test('a sender that is silent for a minute is refused', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const asking = run({ pieces: ['a', { method: 'silence' }] });
      await turn();
      await turn();
      await vi.advanceTimersByTimeAsync(50_000);
      let isOver = false;
      void asking.then(() => {
        isOver = true;
      });
      await turn();
      expect(isOver).toBe(false);
      await vi.advanceTimersByTimeAsync(10_000);
      expect((await asking).answer).toMatch(/^timeout /);
    } finally {
      vi.useRealTimers();
    }
  });

  test('nothing is waited for once the content is complete', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      expect((await run({})).answer).toMatchObject({ changed: true });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
