// Client writes on a pair whose sides are maps: decided on a fresh scan, refused under another owner's lock, decided
// again when the paths changed meanwhile.
import { describe, expect, test } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import { LockTable } from '../../../src/core/locks/table.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import { silent } from '../../../src/log.js';
import type { Replica } from '../../../src/replica.js';
import { type ClientWrite, missingParents, type WriteContext, type WriteEvent } from '../../../src/sync/files/write.js';
import { ClientWrites } from '../../../src/sync/files/write-queue.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { Pair } from '../../../src/sync/pair/pair.js';

const p = (text: string) => text as RelPath;
const file = (hash: string): FileEntry => ({ type: 'file', size: 1, mtime: 0, mode: 0o644, hash });
const X = p('x');

class Scene {
  readonly pair = new Pair(new Snapshot(), { put: () => {} } as never);
  readonly table = new LockTable();
  readonly applied: string[] = [];
  /** What each change expects to find. */
  readonly expected: string[] = [];
  outcomes: Outcome[] = [];
  scans = 0;
  scanned = 0;
  now = 0;
  /** In how many milliseconds the session is woken. */
  readonly alarms: number[] = [];
  readonly claims = new Claims();
  halt: SyncError | null = null;
  unanswered: SyncError | null = null;
  readonly replicas: Record<Side, Replica | null>;
  /** Side b is another one from now on, in the place of the former. */
  readonly reconnect: () => void;
  isFrozen = false;
  /** What an apply throws. */
  fault: Error | null = null;
  /** What only happens while side a is being written. */
  meanwhile: () => void = () => {};
  readonly writes: ClientWrites;
  #posted: WriteEvent[] = [];

  constructor() {
    this.pair.a.snapshot = new Snapshot();
    this.pair.b.snapshot = new Snapshot();
    this.pair.clearMarks();
    const replica = (which: Side) =>
      ({
        apply: (changes: readonly Change[]) => this.#apply(which, changes),
        read: async function* () {},
      }) as unknown as Replica;
    this.replicas = { a: replica('a'), b: replica('b') };
    this.reconnect = () => {
      this.replicas.b = replica('b');
    };
    const context: WriteContext = {
      pair: this.pair,
      lockState: { table: this.table } as never,
      log: silent,
      clock: {
        now: () => this.now,
        monotonic: () => this.now,
        after: (ms) => this.alarms.push(ms) as never,
        soon: () => {},
      },
      mailbox: { post: (event) => void this.#posted.push(event), wake: () => {} },
      sides: {
        replica: (side) => this.replicas[side],
        scanPath: () => this.scans + 1,
        isScanned: (_, number) => this.scanned >= number,
      },
      claims: this.claims,
      heldUpdates: { isMoving: () => false, isFrozen: () => this.isFrozen },
      recorder: this,
      gate: { refusal: () => this.unanswered },
    };
    this.writes = new ClientWrites(context);
  }

  async *#apply(which: Side, changes: readonly Change[]) {
    if (which === 'a') this.meanwhile();
    if (this.fault !== null) throw this.fault;
    for (const { path, action, before } of changes) {
      this.expected.push(`${which} ${before?.type === 'file' ? before.hash : 'nothing'}`);
      const outcome = this.outcomes.shift() ?? ({ kind: 'done', sent: 0 } as const);
      this.applied.push(`${which} ${action} ${path} ${outcome.kind}`);
      yield { n: 0, outcome };
    }
  }

  ask(owner = 'ann', content = 'new') {
    const decided: (Entry | null)[] = [];
    const answer = this.writes
      .ask({
        owner,
        paths: [X],
        decide: (at) => {
          decided.push(at(X));
          const before = at(X);
          return [
            { change: { path: X, action: before === null ? 'created' : 'modified', before, after: file(content) } },
          ];
        },
      })
      .then(
        (done) => done.map(({ path }) => path).join(' '),
        (error: SyncError) => error.code,
      );
    return { answer, decided };
  }

  /** Scans, serves and completes steps until nothing more happens. */
  async run(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      this.scanned = ++this.scans;
      this.writes.serve();
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.#posted.length === 0 ? quiet + 1 : 0;
      for (const event of this.#posted.splice(0)) this.writes.stepped(event);
    }
  }

  lock(owner: string, side: Side = 'a'): void {
    const value = { path: X, owner, side, since: 0, expires: null, message: '', token: 1 };
    this.table.record([{ table: 'lock', key: X, value }]);
  }
}

describe('a client write', () => {
  test('becomes a change of side a that is not shared yet', async () => {
    const scene = new Scene();
    const { answer } = scene.ask();
    expect(scene.writes.isIdle).toBe(false);
    await scene.run();
    expect(await answer).toBe('x');
    expect(scene.applied).toEqual(['a created x done']);
    expect(scene.pair.entry('a', X)).toEqual(file('new'));
    expect([scene.pair.entry('b', X), scene.pair.shared(X), scene.pair.hasMarks]).toEqual([null, null, true]);
    expect([scene.writes.isIdle, scene.writes.isClaimed(X)]).toEqual([true, false]);
  });

  test('waits for a scan that began after the request, and for transfers of its paths', async () => {
    const scene = new Scene();
    const transfer = scene.claims.claim(X, 'transfer');
    const { answer } = scene.ask();
    scene.writes.serve();
    await scene.run();
    expect(scene.applied).toEqual([]);
    scene.claims.release(transfer);
    await scene.run();
    expect(await answer).toBe('x');
  });

  test('does not wait for what lies below its path, which only a deep one is about', async () => {
    const scene = new Scene();
    scene.claims.claim(p('x/below'), 'transfer');
    const { answer } = scene.ask();
    await scene.run();
    expect(await answer).toBe('x');
  });

  test.each(['transfer', 'client-write'] as const)('waits for a %s of a missing directory above it', async (by) => {
    const scene = new Scene();
    const other = scene.claims.claim(p('d'), by);
    const decide: ClientWrite['decide'] = (at) => [
      ...missingParents(p('d/x'), at),
      { change: { path: p('d/x'), action: 'created', before: null, after: file('new') } },
    ];
    const asked = scene.writes.ask({ owner: 'ann', paths: [p('d/x')], decide });
    await scene.run();
    expect([scene.applied, scene.writes.isClaimed(p('d/x'))]).toEqual([[], false]);
    scene.claims.release(other);
    await scene.run();
    expect((await asked).map(({ path }) => path)).toEqual(['d', 'd/x']);
  });

  test('waits no longer than twenty seconds for a directory above it', async () => {
    const scene = new Scene();
    scene.claims.claim(p('d'), 'transfer');
    const decide: ClientWrite['decide'] = (at) => missingParents(p('d/x'), at);
    const code = scene.writes.ask({ owner: 'ann', paths: [p('d/x')], decide }).catch(({ code }: SyncError) => code);
    await scene.run();
    expect(scene.writes.isIdle).toBe(false);
    // A clock in whole milliseconds can show one less than have passed when it is woken.
    scene.now = scene.alarms[0]! - 1;
    await scene.run();
    expect([await code, scene.writes.isIdle]).toEqual(['busy', true]);
  });

  test('is refused when that takes too long', async () => {
    const scene = new Scene();
    scene.claims.claim(X, 'transfer');
    const { answer } = scene.ask();
    scene.now = 60_000;
    await scene.run();
    expect(await answer).toBe('busy');
  });

  test('is decided again when its paths changed meanwhile', async () => {
    const scene = new Scene();
    scene.outcomes = [{ kind: 'stale' }];
    const { answer, decided } = scene.ask();
    await scene.run();
    expect(await answer).toBe('x');
    expect(decided).toHaveLength(2);
  });

  test('is refused when they keep changing', async () => {
    const scene = new Scene();
    scene.outcomes = Array(9).fill({ kind: 'stale' });
    const { answer } = scene.ask();
    await scene.run();
    expect(await answer).toBe('busy');
    expect([scene.applied.length, scene.writes.isIdle]).toEqual([5, true]);
  });

  test('two of one path run one after the other, each on the result of the other', async () => {
    const scene = new Scene();
    const first = scene.ask('ann', 'one');
    const second = scene.ask('ann', 'two');
    await scene.run();
    expect([await first.answer, await second.answer]).toEqual(['x', 'x']);
    expect(second.decided).toEqual([file('one')]);
  });

  test('is refused under another’s lock, and goes through for the owner', async () => {
    const scene = new Scene();
    scene.lock('bob');
    const ann = scene.ask('ann');
    const bob = scene.ask('bob');
    await scene.run();
    expect([await ann.answer, await bob.answer]).toEqual(['locked', 'x']);
    expect(scene.applied).toEqual(['a created x done']);
  });

  test.each<[path: string, from: string]>([
    ['x', 'y'],
    ['y', 'x'],
  ])('is refused where it comes to rename, and another has locked x: %s from %s', async (path, from) => {
    const scene = new Scene();
    scene.lock('bob');
    const after = file('new');
    const change: Change = {
      path: p(path),
      action: 'renamed',
      before: null,
      after,
      from: { path: p(from), entry: after },
    };
    const asked = scene.writes.ask({ owner: 'ann', paths: [p('z')], decide: () => [{ change }] });
    const code = asked.catch((error: SyncError) => error.code);
    await scene.run();
    expect([await code, scene.applied]).toEqual(['locked', []]);
  });

  test('that a side cannot carry out to its end is refused, and the path is named that could not be written', async () => {
    const scene = new Scene();
    let steps = 0;
    scene.meanwhile = () => {
      if (++steps === 2) scene.fault = Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const made = (path: string) => ({
      change: { path: p(path), action: 'created', before: null, after: file('new') } as const,
    });
    const paths = ['x', 'y', 'z'];
    const asked = scene.writes.ask({ owner: 'ann', paths: paths.map(p), decide: () => paths.map(made) });
    const refused = expect(asked).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/^"y" could not be written on side a/),
    });
    await scene.run();
    await refused;
    expect(scene.claims.heldBy(X)).toBe(null);
  });

  test('of the holder of a lock on side b goes to both sides with one step', async () => {
    const scene = new Scene();
    scene.lock('bob', 'b');
    const { answer } = scene.ask('bob');
    await scene.run();
    expect(await answer).toBe('x');
    expect(scene.applied).toEqual(['a created x done', 'b created x done']);
    expect([scene.pair.entry('b', X), scene.pair.shared(X)]).toEqual([file('new'), file('new')]);
  });

  describe('of the holder of a lock on side b, where side b', () => {
    const both = (scene: Scene, a: string, b: string, shared = a) => {
      scene.pair.a.snapshot!.put(X, file(a));
      scene.pair.b.snapshot!.put(X, file(b));
      scene.pair.archive.put(X, file(shared));
    };
    test.each<[it: string, given: (scene: Scene) => void, expected: string[]]>([
      ['has what is replaced on side a, replaces it there', (scene) => both(scene, '1', '1'), ['a 1', 'b 1']],
      ['has what both last shared, replaces it there', (scene) => both(scene, '2', '1', '1'), ['a 2', 'b 1']],
      ['has a newer save that side a does not have yet, leaves it', (scene) => both(scene, '1', '2'), ['a 1']],
      [
        'has a newer save that a held update keeps from side a, replaces it',
        (scene) => {
          both(scene, '3', '2', '1');
          scene.isFrozen = true;
        },
        ['a 3', 'b 2'],
      ],
      [
        'is found to have a newer save when side a is written, does not expect that',
        (scene) => {
          both(scene, '1', '1');
          scene.meanwhile = () => scene.pair.b.snapshot!.put(X, file('2'));
        },
        ['a 1', 'b 1'],
      ],
      [
        'was away at the decision, leaves it to synchronisation',
        (scene) => {
          both(scene, '1', '1');
          scene.replicas.b = null;
          scene.meanwhile = scene.reconnect;
        },
        ['a 1'],
      ],
      [
        'connects anew meanwhile, leaves it to synchronisation',
        (scene) => {
          both(scene, '1', '1');
          scene.meanwhile = scene.reconnect;
        },
        ['a 1'],
      ],
    ])('%s', async (_, given, expected) => {
      const scene = new Scene();
      scene.lock('bob', 'b');
      given(scene);
      const { answer } = scene.ask('bob');
      await scene.run();
      expect([await answer, scene.expected]).toEqual(['x', expected]);
    });
  });

  test('of several steps finds on side b what the earlier ones have left there', async () => {
    const scene = new Scene();
    scene.lock('bob', 'b');
    for (const tree of [scene.pair.a.snapshot!, scene.pair.b.snapshot!, scene.pair.archive]) tree.put(X, file('1'));
    const steps = [
      { change: { path: X, action: 'deleted', before: file('1'), after: null } },
      { change: { path: X, action: 'created', before: null, after: file('2') } },
    ] as const;
    const done = scene.writes.ask({ owner: 'bob', paths: [X], decide: () => steps });
    await scene.run();
    expect([(await done).length, scene.expected]).toEqual([2, ['a 1', 'b 1', 'a nothing', 'b nothing']]);
  });

  test('reports the error of the disk, and writes nothing while the pair is halted', async () => {
    const scene = new Scene();
    scene.outcomes = [{ kind: 'problem', code: 'no-space', message: 'The disk is full.' }];
    const full = scene.ask();
    await scene.run();
    expect(await full.answer).toBe('failed');
    scene.halt = new SyncError('halted', 'The pair is halted.');
    const halted = scene.ask();
    await scene.run();
    expect(await halted.answer).toBe('halted');
    expect(scene.applied).toHaveLength(1);
  });

  test('is refused while a person is asked whether anything may be transferred', async () => {
    const scene = new Scene();
    scene.unanswered = new SyncError('failed', 'Nobody has answered.');
    const asked = scene.ask();
    await scene.run();
    expect([await asked.answer, scene.applied]).toEqual(['failed', []]);
    scene.unanswered = null;
    const { answer } = scene.ask();
    await scene.run();
    expect(await answer).toBe('x');
  });

  test('is refused when the server stops', async () => {
    const scene = new Scene();
    const { answer } = scene.ask();
    scene.writes.close(new SyncError('closed', 'The server is stopping.'));
    expect(await answer).toBe('closed');
  });
});
