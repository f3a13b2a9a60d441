// What clients do to names: renaming and deleting on a pair of trees. Each row says what both sides have, what is asked,
// which changes are made where, and what the sides, the archive and the locks are afterwards.
import { describe, expect, test } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { SyncError } from '../../../src/core/errors.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { Content, Replica, Wanted } from '../../../src/replica.js';
import { deletePath } from '../../../src/sync/files/delete.js';
import { renamePath } from '../../../src/sync/files/rename.js';
import type { WriteEvent } from '../../../src/sync/files/write.js';
import { ClientWrites } from '../../../src/sync/files/write-queue.js';
import { type ClaimKind, Claims } from '../../../src/sync/pair/claims.js';
import { showChanges, showTree, snapshotOf, tree, treeOf } from '../../support/core/tree.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

interface Sides {
  a: string;
  b?: string | null;
  shared?: string;
}

class Scene {
  readonly fixture = new LockFixture();
  readonly claims = new Claims();
  readonly applied: string[] = [];
  readonly asked: string[] = [];
  readonly posted: WriteEvent[] = [];
  outcomes: Outcome[] = [];
  isAway = false;
  /** What only happens when a step is under way. */
  meanwhile: () => void = () => {};
  readonly writes: ClientWrites;
  now = 0;
  scanned: Record<Side, number> = { a: 999, b: 999 };
  moving = new Set<string>();

  constructor({ a, b = a, shared = a }: Sides) {
    const { pair, lockState, log } = this.fixture;
    for (const [path, entry] of tree(shared)) pair.archive.put(path, entry);
    pair.a.snapshot = snapshotOf(tree(a));
    pair.b.snapshot = b === null ? null : snapshotOf(tree(b));
    this.isAway = b === null;
    pair.clearMarks();
    let scans = 0;
    const replicas = { a: this.#replica('a'), b: this.#replica('b') };
    this.writes = new ClientWrites({
      ...{ pair, lockState, log, claims: this.claims },
      clock: { now: () => this.now, monotonic: () => this.now, after: () => () => {}, soon: () => {} },
      mailbox: { post: (event) => void this.posted.push(event), wake: () => {} },
      sides: {
        replica: (side) => (side === 'b' && this.isAway ? null : replicas[side]),
        scanPath: (side, path) => {
          this.asked.push(`${side}:${path}`);
          return ++scans;
        },
        isScanned: (side, number) => this.scanned[side] >= number,
      },
      heldUpdates: { isMoving: (path) => this.moving.has(path), isFrozen: () => false },
      recorder: { halt: null },
      gate: { refusal: () => null },
    });
  }

  #replica(side: Side): Replica {
    const scene = this;
    return {
      async *apply(changes: readonly Change[], contents: AsyncIterable<Content>) {
        scene.meanwhile();
        for await (const _ of contents);
        scene.applied.push(`${side} ${showChanges(changes)}`);
        for (const n of changes.keys()) yield { n, outcome: scene.outcomes.shift() ?? { kind: 'done', sent: 0 } };
      },
      async *read(wanted: readonly Wanted[]) {
        scene.applied.push(`read ${side} ${wanted.map(({ path }) => path).join(' ')}`);
      },
      scan: async () => ({}),
    } as unknown as Replica;
  }

  get context() {
    const { pair, lockState } = this.fixture;
    return {
      pair,
      lockState,
      writes: this.writes,
      local: {} as never,
      replica: (side: Side) => (side === 'b' && this.isAway ? null : this.#replica(side)),
    };
  }

  lock(path: string, owner = 'ann', side: Side = 'a'): this {
    this.fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner, side, message: '', now: 1 });
    return this;
  }

  hold(path: string): this {
    this.fixture.lockState.dispatch({
      kind: 'hold',
      path: p(path),
      base: file('1'),
      after: file('2'),
      file: null,
      now: 1,
    });
    return this;
  }

  async run<T>(asking: Promise<T>): Promise<T | string> {
    const answer = asking.catch((error: SyncError) => error.code);
    let isOver = false;
    void answer.then(() => {
      isOver = true;
    });
    for (let rounds = 0; rounds < 50 && !isOver; rounds++) {
      this.writes.serve();
      await turn();
      for (const event of this.posted.splice(0)) this.writes.stepped(event);
      await turn();
    }
    return isOver ? answer : 'waits';
  }

  rename(from: string, to: string, overwrite = false, owner = 'ann') {
    return this.run(renamePath(this.context, { from: p(from), to: p(to), owner, overwrite }));
  }

  remove(path: string, recursive = true, owner = 'ann') {
    return this.run(deletePath(this.context, p(path), owner, recursive));
  }

  shown(side: Side): string {
    const { snapshot } = this.fixture.pair.side(side);
    return snapshot === null ? '' : showTree(treeOf(snapshot));
  }

  get archive(): string {
    return showTree(treeOf(this.fixture.pair.archive));
  }

  get locks(): string {
    return [...this.fixture.lockState.table.locks.keys()].sort().join(' ');
  }
}

describe('a rename', () => {
  test.each<[it: string, sides: Sides, from: string, to: string, applied: string[], a: string]>([
    ['of a file', { a: 'x:1' }, 'x', 'y', ['a x>y'], 'y:1'],
    ['of a directory', { a: 'd/x:1' }, 'd', 'e', ['a d>e'], 'e/ e/x:1'],
    [
      'into a directory that is not there yet',
      { a: 'x:1' },
      'x',
      'd/e/y',
      ['a +d', 'a +d/e', 'a x>d/e/y'],
      'd/ d/e/ d/e/y:1',
    ],
    ['into one that is', { a: 'd/ x:1' }, 'x', 'd/x', ['a x>d/x'], 'd/ d/x:1'],
    ['of what only side b has', { a: '', b: 'x:1' }, 'x', 'y', ['b x>y'], ''],
    ['of that into a new directory', { a: '', b: 'x:1' }, 'x', 'd/y', ['b +d', 'b x>d/y'], ''],
    ['to where it is', { a: 'x:1' }, 'x', 'x', [], 'x:1'],
  ])('%s', async (_, sides, from, to, applied, a) => {
    const scene = new Scene(sides);
    const answer = await scene.rename(from, to);
    expect(answer).toMatchObject({ path: from, to, changed: applied.length > 0 });
    expect(answer).not.toHaveProperty('replaced');
    expect([scene.applied, scene.shown('a')]).toEqual([applied, a]);
    expect(scene.claims.heldBy(p(from))).toBe(null);
    expect(scene.fixture.pair.hasMarks).toBe(true);
  });

  test('returns the type and size of the entry', async () => {
    expect(await new Scene({ a: 'x:123' }).rename('x', 'y')).toMatchObject({ type: 'file', size: 3 });
    expect(await new Scene({ a: 'd/x:1' }).rename('d', 'e')).toMatchObject({ type: 'dir', size: 0 });
  });

  test('over a file replaces it with --overwrite, and reports that', async () => {
    const scene = new Scene({ a: 'x:1 y:2' });
    expect(await scene.rename('x', 'y')).toBe('exists');
    expect(await scene.rename('x', 'y', true)).toMatchObject({ changed: true, replaced: true });
    expect([scene.applied, scene.shown('a')]).toEqual([['a x>y'], 'y:1']);
  });

  test.each<[it: string, sides: Sides, from: string, to: string, code: string]>([
    ['of nothing', { a: '' }, 'x', 'y', 'not-found'],
    ['of a shared file that side a has deleted', { a: '', b: 'x:1', shared: 'x:1' }, 'x', 'y', 'not-found'],
    ['into itself', { a: 'd/x:1' }, 'd', 'd/e', 'usage'],
    ['over a directory', { a: 'x:1 d/' }, 'x', 'd', 'exists'],
    ['of a directory over a file', { a: 'x:1 d/' }, 'd', 'x', 'exists'],
    ['below a file', { a: 'x:1 y:1' }, 'x', 'y/z', 'exists'],
    ['over what only side b has', { a: 'x:1', b: 'y:2', shared: '' }, 'x', 'y', 'exists'],
    ['of what only side b has, while it is disconnected', { a: '', b: null, shared: '' }, 'x', 'y', 'not-found'],
    [
      'to a name that is too long below it',
      { a: `d/${'n'.repeat(200)}/x:1` },
      'd',
      `${`${'m'.repeat(250)}/`.repeat(16)}z`,
      'bad-path',
    ],
  ])('is refused %s', async (_, sides, from, to, code) => {
    const scene = new Scene(sides);
    expect([await scene.rename(from, to), scene.applied]).toEqual([code, []]);
  });

  test.each<[it: string, locks: (scene: Scene) => Scene, overwrite: boolean, code: unknown]>([
    ['of what another has locked', (scene) => scene.lock('d/x', 'bob'), false, 'locked'],
    ['over what another has locked', (scene) => scene.lock('e', 'bob'), true, 'locked'],
    [
      'of a file with updates held under his own lock',
      (scene) => scene.lock('d/x').hold('d/x'),
      false,
      { changed: true },
    ],
    ['over a file with updates held under his own lock', (scene) => scene.lock('e').hold('e'), true, 'busy'],
  ])('%s', async (_, locks, overwrite, code) => {
    const scene = locks(new Scene({ a: 'd/x:1' }));
    const answer = await scene.rename('d', 'e', overwrite);
    if (typeof code === 'string') expect(answer).toBe(code);
    else expect(answer).toMatchObject(code as object);
  });

  test('of a file with held updates is refused while side b is disconnected', async () => {
    const scene = new Scene({ a: 'd/x:1' }).lock('d/x').hold('d/x');
    scene.isAway = true;
    expect(await scene.rename('d', 'e')).toBe('busy');
    const other = new Scene({ a: 'd/x:1 y:1' }).lock('y').hold('y');
    other.isAway = true;
    expect(await other.rename('d', 'e')).toMatchObject({ changed: true });
  });

  test('of what only side b has is refused where updates of it are held', async () => {
    const scene = new Scene({ a: '', b: 'x:1' }).lock('x').hold('x');
    expect(await scene.rename('x', 'y')).not.toMatchObject({ changed: true });
    expect(scene.applied).toEqual([]);
  });

  test('moves the locks along and makes side b rename its own at once', async () => {
    const scene = new Scene({ a: 'd/x:1 d/y:1', b: 'd/x:2 d/y:1' }).lock('d/x').lock('d/y').lock('else');
    expect(await scene.rename('d', 'new/e')).toMatchObject({ changed: true });
    expect(scene.applied).toEqual(['a +new', 'a d>new/e', 'b +new d>new/e']);
    expect([scene.locks, scene.shown('b')]).toEqual(['else new/e/x new/e/y', 'new/ new/e/ new/e/x:2 new/e/y:1']);
    expect(scene.archive).toBe('new/ new/e/ new/e/x:1 new/e/y:1');
  });

  test('of a file leaves the locks of a directory that was at its path before', async () => {
    const scene = new Scene({ a: 'x:1' }).lock('x').lock('x/below');
    await scene.rename('x', 'y');
    expect(scene.locks).toBe('x/below y');
  });

  test('without a lock on it is left to synchronisation', async () => {
    const scene = new Scene({ a: 'x:1 z:1' }).lock('z');
    await scene.rename('x', 'y');
    expect([scene.applied, scene.locks, scene.archive]).toEqual([['a x>y'], 'z', 'x:1 z:1']);
  });

  test.each<[it: string, b: string]>([
    ['has nothing to move', ''],
    ['has another kind of thing', 'x/'],
  ])('of a locked file leaves side b alone where it %s', async (_, b) => {
    const scene = new Scene({ a: 'x:1', b, shared: 'x:1' }).lock('x');
    await scene.rename('x', 'y');
    expect([scene.applied, scene.locks]).toEqual([['a x>y'], 'y']);
  });

  test('of a locked file replaces what side b has there', async () => {
    const scene = new Scene({ a: 'x:1 y:2' }).lock('x');
    await scene.rename('x', 'y', true);
    expect(scene.applied).toEqual(['a x>y', 'b x>y']);
    expect(scene.shown('b')).toBe('y:1');
  });

  test('of a locked file replaces what only side b has, and leaves what only side b knows of', async () => {
    const only = new Scene({ a: 'x:1', b: 'x:1 y:2' }).lock('x');
    await only.rename('x', 'y', true);
    expect(only.applied).toEqual(['a x>y', 'b x>y']);
    const newer = new Scene({ a: 'x:1 y:2', b: 'x:1 y:3' }).lock('x');
    await newer.rename('x', 'y', true);
    expect([newer.applied, newer.shown('b')]).toEqual([['a x>y'], 'x:1 y:3']);
  });

  test('that side b could not carry out is synchronised like any other', async () => {
    const scene = new Scene({ a: 'x:1' }).lock('x');
    scene.outcomes = [{ kind: 'done', sent: 0 }, { kind: 'stale' }];
    expect(await scene.rename('x', 'y')).toMatchObject({ changed: true });
    expect([scene.shown('b'), scene.archive]).toEqual(['x:1', 'x:1']);
  });

  test('of a file leaves the locks below it, which belong to an earlier directory', async () => {
    const scene = new Scene({ a: 'x:1' }).lock('x/below');
    await scene.rename('x', 'y');
    expect(scene.locks).toBe('x/below');
  });

  test('whose lock cannot be recorded fails', async () => {
    const scene = new Scene({ a: 'x:1' }).lock('x');
    await turn();
    scene.fixture.full = true;
    expect(await scene.rename('x', 'y')).toBe('failed');
  });
});

describe('a deletion', () => {
  test.each<[it: string, sides: Sides, path: string, applied: string[], answer: object]>([
    ['of a file', { a: 'x:1 y:1' }, 'x', ['a -x'], { type: 'file' }],
    ['of a link', { a: 'l->x' }, 'l', ['a -l'], { type: 'symlink' }],
    [
      'of a directory, all in one step, from below',
      { a: 'd/e/x:1 d/y:1' },
      'd',
      ['a -d/y -d/e/x -d/e -d'],
      { type: 'dir', files: 2, kept: false },
    ],
    ['of what only side b has', { a: '', b: 'd/x:1' }, 'd', ['b -d/x -d'], { type: 'dir', files: 1 }],
  ])('%s', async (_, sides, path, applied, answer) => {
    const scene = new Scene(sides);
    expect(await scene.remove(path)).toMatchObject({ path, changed: true, ...answer });
    const sorted = (changes: string[]) => changes.map((text) => text.split(' ').sort().join(' '));
    expect(sorted(scene.applied)).toEqual(sorted(applied));
    const steps = scene.applied[0]!.split(' ').slice(1);
    for (const [n, step] of steps.entries())
      expect(steps.slice(0, n).some((before) => step.startsWith(`${before}/`))).toBe(false);
  });

  test('says nothing of files where it was no directory', async () => {
    expect(await new Scene({ a: 'x:1' }).remove('x')).toEqual({ path: 'x', changed: true, type: 'file' });
  });

  test.each<[it: string, sides: Sides, path: string, recursive: boolean, code: string]>([
    ['of nothing', { a: '' }, 'x', true, 'not-found'],
    ['of a directory unless that is asked for', { a: 'd/x:1' }, 'd', false, 'usage'],
    ['of what is going to be deleted anyway', { a: '', b: 'x:1', shared: 'x:1' }, 'x', true, 'not-found'],
  ])('is refused %s', async (_, sides, path, recursive, code) => {
    const scene = new Scene(sides);
    expect([await scene.remove(path, recursive), scene.applied]).toEqual([code, []]);
  });

  test('of what only side b has is refused while that is away', async () => {
    const scene = new Scene({ a: '', b: 'x:1' });
    scene.isAway = true;
    expect(await scene.remove('x')).toBe('failed');
  });

  test('is refused where another has locked something in it', async () => {
    const scene = new Scene({ a: 'd/x:1 e/x:1' }).lock('d/x', 'bob');
    expect([await scene.remove('d'), scene.applied]).toEqual(['locked', []]);
    expect(await scene.remove('e')).toMatchObject({ changed: true });
  });

  test('of a directory that is not empty in the end keeps the directory', async () => {
    const scene = new Scene({ a: 'd/x:1' });
    scene.outcomes = [{ kind: 'done', sent: 0 }, { kind: 'kept' }];
    expect(await scene.remove('d')).toMatchObject({ changed: true, files: 1, kept: true });
    expect(scene.shown('a')).toBe('d/');
  });

  test('keeps the directories above what stays, too', async () => {
    const scene = new Scene({ a: 'd/e/x:1' });
    scene.outcomes = [{ kind: 'done', sent: 0 }, { kind: 'kept' }, { kind: 'stale' }];
    expect(await scene.remove('d')).toMatchObject({ changed: true, kept: true });
  });

  test('goes on with the rest after a change meanwhile, and ends if nothing is left', async () => {
    const scene = new Scene({ a: 'd/x:1 d/y:1' });
    scene.outcomes = [{ kind: 'done', sent: 0 }, { kind: 'stale' }, { kind: 'stale' }];
    expect(await scene.remove('d')).toMatchObject({ changed: true, files: 2 });
    expect(scene.applied).toHaveLength(2);
    expect(scene.asked.filter((asked) => asked.startsWith('b:')).length).toBeGreaterThan(0);
    const gone = new Scene({ a: 'x:1' });
    gone.outcomes = [{ kind: 'stale' }];
    gone.meanwhile = () => gone.fixture.pair.a.snapshot!.put(p('x'), null);
    expect(await gone.remove('x')).toMatchObject({ changed: false });
  });

  test('by the holder of a lock on side b is made on both sides', async () => {
    const scene = new Scene({ a: 'x:1' }).lock('x', 'ann', 'b');
    await scene.remove('x');
    expect([scene.applied, scene.archive]).toEqual([['a -x', 'b -x'], '']);
    const newer = new Scene({ a: 'x:1', b: 'x:2' }).lock('x', 'ann', 'b');
    await newer.remove('x');
    expect([newer.applied, newer.shown('b')]).toEqual([['a -x'], 'x:2']);
    const away = new Scene({ a: 'x:1' }).lock('x', 'ann', 'b');
    away.isAway = true;
    await away.remove('x');
    expect(away.applied).toEqual(['a -x']);
  });
});

describe('a write waits', () => {
  const removing = (scene: Scene) => scene.remove('d');

  const release = (scene: Scene, path: string, by: ClaimKind = 'transfer') => {
    const claim = scene.claims.claim(p(path), by);
    return () => scene.claims.release(claim);
  };
  const moves = (scene: Scene, path: string) => {
    scene.moving.add(path);
    return () => void scene.moving.delete(path);
  };

  test.each<[it: string, hold: (scene: Scene) => () => void]>([
    [
      'for a scan of side a',
      (scene) => {
        scene.scanned.a = 0;
        return () => Object.assign(scene.scanned, { a: 999 });
      },
    ],
    ['for a transfer of the path', (scene) => release(scene, 'd')],
    ['for a transfer below it', (scene) => release(scene, 'd/x')],
    ['for another write', (scene) => release(scene, 'd/x', 'client-write')],
    ['for what a lost connection left', (scene) => release(scene, 'd/x', 'disconnected-peer')],
    ['for held updates that take effect there', (scene) => moves(scene, 'd')],
    ['for held updates that take effect below it', (scene) => moves(scene.lock('d/x'), 'd/x')],
  ])('%s', async (_, hold) => {
    const scene = new Scene({ a: 'd/x:1 e:1' });
    const go = hold(scene);
    const asking = deletePath(scene.context, p('d'), 'ann', true);
    expect(await scene.run(asking)).toBe('waits');
    expect([scene.applied, scene.writes.isIdle]).toEqual([[], false]);
    go();
    expect(await scene.run(asking)).toMatchObject({ changed: true });
    expect(scene.writes.isIdle).toBe(true);
  });

  test('for no work on other paths', async () => {
    const scene = new Scene({ a: 'd/x:1 e:1' }).lock('e');
    release(scene, 'e');
    scene.claims.claim(p('d/x'), 'unconfirmed');
    scene.moving.add('e');
    expect(await removing(scene)).toMatchObject({ changed: true });
  });

  test('no longer than twenty seconds', async () => {
    const scene = new Scene({ a: 'd/x:1' });
    release(scene, 'd');
    const asking = deletePath(scene.context, p('d'), 'ann', true);
    scene.now = 20_000;
    expect(await scene.run(asking)).toBe('waits');
    scene.now = 20_001;
    expect(await scene.run(asking)).toBe('busy');
  });

  test('for scans of both sides after a stale step, and for a new scan of a side b that connects', async () => {
    const scene = new Scene({ a: 'x:1' });
    scene.outcomes = [{ kind: 'stale' }];
    scene.scanned.b = 0;
    const asking = deletePath(scene.context, p('x'), 'ann', true);
    expect(await scene.run(asking)).toBe('waits');
    scene.asked.length = 0;
    scene.writes.restart();
    expect(scene.asked).toEqual(['b:x']);
    expect(await scene.run(asking)).toBe('waits');
    scene.isAway = true;
    expect(await scene.run(asking)).toMatchObject({ changed: true });
  });

  test('that only needs side a requests no scan of a side b that connects', async () => {
    const scene = new Scene({ a: 'x:1' });
    scene.scanned.a = 0;
    void deletePath(scene.context, p('x'), 'ann', true);
    scene.asked.length = 0;
    scene.writes.restart();
    expect(scene.asked).toEqual([]);
  });
});

describe('a write that cannot be made', () => {
  test('because the side cannot be reached reports that and releases its claims', async () => {
    const scene = new Scene({ a: 'x:1' });
    scene.meanwhile = () => {
      throw new Error('EIO');
    };
    expect(await scene.remove('x')).toBe('failed');
    expect([scene.claims.heldBy(p('x')), scene.writes.isIdle]).toEqual([null, true]);
  });

  test('where a rule excludes the path, or a side cannot say what is there', async () => {
    const scene = new Scene({ a: 'x:1 y:1' });
    scene.fixture.pair.b.unknown = new Set([p('y')]);
    expect([await scene.remove('y'), scene.applied]).toEqual(['failed', []]);
    const ignored = new Scene({ a: 'x:1' });
    ignored.fixture.pair.foldScan(
      'a',
      {
        entries: [],
        whole: false,
        unknown: [],
        problems: [],
        rules: ['*.tmp'],
        unsettled: 0,
        halt: null,
      },
      0,
    );
    expect([await ignored.rename('x', 'x.tmp'), ignored.applied]).toEqual(['failed', []]);
  });

  test('is refused for an unknown path that was requested, not for unknown paths below it', async () => {
    const scene = new Scene({ a: 'd/x:1' });
    scene.fixture.pair.b.unknown = new Set([p('d/x')]);
    expect(await scene.remove('d')).toMatchObject({ changed: true });
  });

  test('is refused when the server stops, under way or not', async () => {
    const scene = new Scene({ a: 'x:1 y:1' });
    const { SyncError } = await import('../../../src/core/errors.js');
    scene.claims.claim(p('y'), 'transfer');
    let go: () => void = () => {};
    const stuck = new Promise<void>((resolve) => {
      go = resolve;
    });
    scene.fixture.pair.a.snapshot!.put(p('z'), file('z'));
    const asks = ['x', 'y'].map((path) => deletePath(scene.context, p(path), 'ann', true));
    scene.writes.serve();
    scene.writes.close(new SyncError('closed', 'The server is stopping.'));
    go();
    await stuck;
    for (const ask of asks) await expect(ask).rejects.toMatchObject({ code: 'closed' });
  });
});

test('a name is claimed during a write', async () => {
  const scene = new Scene({ a: 'x:1' });
  const seen: boolean[] = [];
  scene.meanwhile = () => void seen.push(...['x', 'y', 'z'].map((path) => scene.writes.isClaimed(path as RelPath)));
  await scene.rename('x', 'y');
  expect(seen).toEqual([true, true, false]);
});

test('a write answers with its changes in the order in which they were made', async () => {
  const scene = new Scene({ a: 'x:1 y:1' });
  const asking = scene.writes.ask({
    owner: 'ann',
    paths: [p('x'), p('y')],
    decide: (at) =>
      [p('x'), p('y')].map((path) => ({ change: { path, action: 'deleted', before: at(path), after: null } })),
  });
  expect(showChanges((await scene.run(asking)) as readonly Change[])).toBe('-x -y');
});
