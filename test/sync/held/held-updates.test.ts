import { describe, expect, test } from 'vitest';
import type { Change, Outcome } from '../../../src/core/change.js';
import type { Entry, FileEntry } from '../../../src/core/entry.js';
import { SyncError } from '../../../src/core/errors.js';
import type { HeldWay } from '../../../src/core/locks/records.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import type { Content } from '../../../src/replica.js';
import { type HeldEvent, HeldUpdates } from '../../../src/sync/held/held-updates.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { dir, file, link, p, turn } from '../../support/disk-site.js';
import { FakeReplica } from '../../support/fake-replica.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { marksOf } from '../../support/session-fixture.js';

const F = p('f');

/** Held contents in memory. */
class FakeFiles {
  readonly held = new Map<string, string>();
  readonly aside: string[] = [];
  error: Error | null = null;
  reads = 0;

  async save(of: RelPath, id: number, content: FileEntry, contents: AsyncIterable<Content>): Promise<string | null> {
    let text = '';
    for await (const piece of contents) {
      if (!('data' in piece)) return null;
      text += piece.data.toString();
    }
    this.reads++;
    if (this.error !== null) throw this.error;
    if (file(text).hash !== content.hash) return null;
    const name = `${of} (held ${id})`;
    this.held.set(name, text);
    return name;
  }

  async *read(name: string): AsyncGenerator<Content> {
    const text = this.held.get(name);
    if (text === undefined) yield { n: 0, failed: { kind: 'stale' } };
    else yield { n: 0, data: Buffer.from(text), last: true };
  }

  has(name: string): boolean {
    return this.held.has(name);
  }

  async isAltered(name: string, of: FileEntry): Promise<boolean> {
    const text = this.held.get(name);
    return text !== undefined && file(text).hash !== of.hash;
  }

  remove(name: string): void {
    this.held.delete(name);
  }

  moveToVersions(_of: RelPath, name: string, reason = 'held'): void {
    if (this.held.has(name)) this.aside.push(`${this.held.get(name)}${reason === 'held' ? '' : ` ${reason}`}`);
    this.held.delete(name);
  }
}

/** Held updates with a reduced mailbox: posted events are handled when the test says so. */
function open(
  shared: Record<string, Entry> = { f: file('v0') },
  before: (lockState: LockFixture['lockState']) => void = () => {},
) {
  const fixture = new LockFixture(shared);
  before(fixture.lockState);
  const files = new FakeFiles();
  const replicas: Record<Side, FakeReplica | null> = { a: new FakeReplica(), b: new FakeReplica() };
  const posted: HeldEvent[] = [];
  const again: string[] = [];
  const problems: string[] = [];
  const claims = new Claims();
  let now = 0;
  const heldUpdates = new HeldUpdates({
    pair: fixture.pair,
    lockState: fixture.lockState,
    files,
    log: fixture.log,
    clock: { now: () => ++now },
    mailbox: { post: (event) => void posted.push(event), wake: () => {} },
    sides: { replica: (side) => replicas[side] },
    claims,
    retries: {
      moved: (path) => void again.push(path),
      failed: (path, code) => void problems.push(`${path} ${code}`),
    },
  });
  /** Whether the next turn continues a drain. */
  const isDue = () => {
    const before = replicas.a!.jobs.length + (replicas.b?.jobs.length ?? 0) + fixture.said.length;
    heldUpdates.work();
    return (
      before !== replicas.a!.jobs.length + (replicas.b?.jobs.length ?? 0) + fixture.said.length ||
      posted.length > 0 ||
      !fixture.lockState.isSettled
    );
  };
  /** Handles posted events and takes turns until nothing more is posted. */
  const settle = async () => {
    for (let rounds = 0; rounds < 100; rounds++) {
      heldUpdates.work();
      do await turn();
      while (!fixture.lockState.isSettled);
      if (posted.length === 0 && !isDue()) return;
      for (const event of posted.splice(0)) {
        if (event.kind === 'stored') heldUpdates.stored(event);
        else if (event.kind === 'not-stored') heldUpdates.notStored(event);
        else heldUpdates.stepped(event);
      }
    }
    throw new Error('it never rests');
  };
  /** Side `side` saves `content` as f. */
  const saves = (content: string, side: Side = 'b') => {
    fixture.found(side, 'f', file(content));
    replicas[side]!.files.set(F, content);
  };
  const lock = (side: Side = 'a') =>
    fixture.lockState.dispatch({ kind: 'lock', path: F, owner: 'ann', side, message: '', now: 1 });
  const unlock = (side: Side = 'a', held: HeldWay = 'apply') =>
    fixture.lockState.dispatch({
      held,
      kind: 'unlock',
      path: F,
      owner: 'ann',
      current: fixture.pair.entry(side, F),
      now: 2,
    });
  const held = () =>
    fixture.lockState.table
      .heldOf(F)
      .map(({ action, file: name }) => (name === null ? action : `${action} ${files.held.get(name)}`));
  /** Lets side a (or b) carry out each step. @returns the steps. */
  const drain = async (side: Side = 'a', outcomeOf: (n: number) => Outcome = () => ({ kind: 'done', sent: 0 })) => {
    const target = replicas[side]!;
    const done: string[] = [];
    for (let n = 0; n < 20; n++) {
      await settleUntilJob(target, n);
      const job = target.jobs[n];
      if (job === undefined) break;
      const [change] = job.changes as [Change];
      const [content] = await job.take();
      done.push(`${change.action}${content === undefined ? '' : ` ${content}`}`);
      job.report(0, outcomeOf(n));
      job.outcomes.end();
    }
    return done;
  };
  const settleUntilJob = async (target: FakeReplica, n: number) => {
    for (let rounds = 0; rounds < 10 && target.jobs.length <= n; rounds++) await settle();
  };
  return { fixture, heldUpdates, files, replicas, again, problems, claims, settle, saves, lock, unlock, held, drain };
}

describe('under a lock', () => {
  test('takes no name that an earlier one has, also where the file of that is gone and its number was forgotten', async () => {
    const { files, saves, settle, held } = open({ f: file('v0') }, (lockState) => {
      lockState.dispatch({ kind: 'lock', path: F, owner: 'ann', side: 'a', message: '', now: 1 });
      const row = { path: F, base: file('v0'), after: file('v1'), file: 'f (held 7)', now: 2 };
      lockState.dispatch({ kind: 'hold', ...row });
    });
    saves('v2');
    await settle();
    expect([...files.held]).toEqual([['f (held 8)', 'v2']]);
    expect(held()).toEqual(['modified undefined', 'modified v2']);
  });

  test('nothing is held while nothing changes', async () => {
    const { lock, settle, held, heldUpdates } = open();
    lock();
    await settle();
    expect([held(), heldUpdates.isFrozen(F), heldUpdates.isIdle]).toEqual([[], false, true]);
  });

  test('an update is due until it is held, also while it cannot be fetched', async () => {
    const { lock, settle, saves, heldUpdates, claims, replicas } = open();
    lock();
    expect(heldUpdates.isDue(F)).toBe(false);
    const transfer = claims.claim(F, 'transfer');
    saves('v1');
    await settle();
    expect([heldUpdates.isDue(F), heldUpdates.isMoving(F)]).toEqual([true, false]);
    const away = replicas.b;
    replicas.b = null;
    expect(heldUpdates.isDue(F)).toBe(false);
    replicas.b = away;
    claims.release(transfer);
    await settle();
    expect(heldUpdates.isDue(F)).toBe(false);
  });

  test('each change of the other side is held, in order, from one scan to the next', async () => {
    const { lock, settle, saves, held, fixture, heldUpdates } = open();
    lock();
    for (const content of ['v1', 'v2', 'v3', 'v0']) {
      saves(content);
      expect(heldUpdates.isFrozen(F)).toBe(true);
      await settle();
    }
    expect(held()).toEqual(['modified v1', 'modified v2', 'modified v3', 'modified v0']);
    expect(fixture.said.slice(1)).toEqual([
      'held f modified 1',
      'held f modified 2',
      'held f modified 3',
      'held f modified 4',
    ]);
    expect([heldUpdates.isFrozen(F), heldUpdates.isMoving(F), heldUpdates.isIdle]).toEqual([true, false, true]);
  });

  test.each<[string, Entry | null, string]>([
    ['a deletion', null, 'deleted'],
    ['metadata', file('v0', { mode: 0o600 }), 'metadata'],
    ['a link in its place', link('x'), 'modified'],
    ['a directory in its place', dir(), 'modified'],
  ])('%s is held without content', async (_, entry, expected) => {
    const { lock, settle, held, fixture, replicas } = open();
    lock();
    fixture.found('b', 'f', entry);
    await settle();
    expect([held(), replicas.b!.wanted]).toEqual([[expected], []]);
  });

  test('a lock of side b holds the changes of side a', async () => {
    const { lock, settle, saves, held, heldUpdates } = open();
    lock('b');
    saves('mine', 'b');
    await settle();
    expect([held(), heldUpdates.isFrozen(F)]).toEqual([[], false]);
    saves('yours', 'a');
    await settle();
    expect(held()).toEqual(['modified yours']);
  });

  test("the holder's changes are synchronised while nothing is held", async () => {
    const { lock, settle, saves, heldUpdates, held } = open();
    lock();
    saves('mine', 'a');
    await settle();
    expect([held(), heldUpdates.isFrozen(F)]).toEqual([[], false]);
    saves('yours', 'b');
    await settle();
    expect([held(), heldUpdates.isFrozen(F)]).toEqual([['modified yours'], true]);
  });

  test('an equal change on both sides is not held', async () => {
    const { lock, settle, saves, held, heldUpdates } = open();
    lock();
    saves('same', 'a');
    saves('same', 'b');
    await settle();
    expect([held(), heldUpdates.isFrozen(F)]).toEqual([[], false]);
  });

  test('nothing is fetched while the other side is disconnected or the path is in transfer', async () => {
    const { lock, settle, saves, held, replicas, claims } = open();
    lock();
    saves('v1');
    const { b } = replicas;
    replicas.b = null;
    await settle();
    replicas.b = b;
    const transfer = claims.claim(F, 'transfer');
    await settle();
    expect(held()).toEqual([]);
    claims.release(transfer);
    await settle();
    expect(held()).toEqual(['modified v1']);
  });

  test('a content that changed before it could be fetched is scanned again, not fetched for ever', async () => {
    const { lock, settle, saves, held, again, fixture, replicas, heldUpdates } = open();
    lock();
    fixture.found('b', 'f', file('v1'));
    replicas.b!.files.set(F, 'v2');
    await settle();
    expect([again, replicas.b!.wanted.length, held(), heldUpdates.isFrozen(F)]).toEqual([['f'], 1, [], true]);
    saves('v2');
    await settle();
    expect(held()).toEqual(['modified v2']);
  });

  test.each([
    ['ENOSPC', 'no-space'],
    ['EDQUOT', 'no-space'],
    ['EFBIG', 'no-space'],
    ['EROFS', 'read-only'],
    ['EACCES', 'no-permission'],
    ['EIO', 'io-error'],
  ])('a disk that says %s is a problem, tried again when the time has come, and no busy loop', async (errno, code) => {
    const { lock, settle, saves, held, files, problems, heldUpdates } = open();
    lock();
    saves('v1');
    const cause = Object.assign(new Error(`${errno}: what the system says`), { code: errno });
    files.error = new SyncError('failed', 'An update of f cannot be held.', { cause });
    await settle();
    await settle();
    expect([problems, files.reads, held(), heldUpdates.isIdle]).toEqual([[`f ${code}`], 1, [], true]);
    files.error = null;
    heldUpdates.retry(F);
    await settle();
    expect(held()).toEqual(['modified v1']);
  });

  test('a connection that breaks during a fetch is a problem, not a loss', async () => {
    const { lock, settle, saves, held, replicas, problems, heldUpdates } = open();
    lock();
    saves('v1');
    replicas.b!.readError = new Error('cut');
    await settle();
    replicas.b!.readError = null;
    heldUpdates.retry(F);
    await settle();
    expect([problems, held()]).toEqual([['f io-error'], ['modified v1']]);
  });

  test('at most eight contents are fetched at one time, and the others after them', async () => {
    const paths = Array.from({ length: 20 }, (_, n) => p(`f${n}`));
    const { fixture, heldUpdates, replicas, settle } = open(
      Object.fromEntries(paths.map((path) => [path, file('v0')])),
    );
    for (const path of paths) {
      fixture.lockState.dispatch({ kind: 'lock', path, owner: 'ann', side: 'a', message: '', now: 1 });
      fixture.found('b', path, file('v1'));
      replicas.b!.files.set(path, 'v1');
    }
    heldUpdates.work();
    expect(heldUpdates.fetching).toEqual({ files: 8, bytes: 16 });
    await settle();
    expect(paths.map((path) => fixture.lockState.table.heldOf(path).length)).toEqual(paths.map(() => 1));
    expect([heldUpdates.fetching, heldUpdates.isIdle]).toEqual([{ files: 0, bytes: 0 }, true]);
  });

  test('an update stored after the lock has ended goes to the versions, and the path is compared again', async () => {
    const { lock, unlock, settle, saves, held, files, fixture, heldUpdates } = open();
    lock();
    saves('v1');
    heldUpdates.work();
    unlock();
    await settle();
    expect([held(), files.aside, fixture.pair.hasMarks]).toEqual([[], ['v1'], true]);
  });
});

describe('after the unlock', () => {
  async function five() {
    const all = open();
    all.lock();
    for (const content of ['v1', 'v2', 'v3', 'v4', 'v5']) {
      all.saves(content);
      await all.settle();
    }
    all.fixture.said.length = 0;
    return all;
  }

  test('at most eight updates take effect at one time, and the others after them', async () => {
    const paths = Array.from({ length: 12 }, (_, n) => p(`f${n}`));
    const { fixture, replicas, settle } = open(Object.fromEntries(paths.map((path) => [path, file('v0')])));
    for (const path of paths) {
      fixture.lockState.dispatch({ kind: 'lock', path, owner: 'ann', side: 'a', message: '', now: 1 });
      fixture.found('b', path, file('v1'));
      replicas.b!.files.set(path, 'v1');
    }
    await settle();
    for (const path of paths)
      fixture.lockState.dispatch({ kind: 'unlock', path, owner: 'ann', held: 'apply', current: file('v0'), now: 2 });
    await settle();
    expect(replicas.a!.jobs).toHaveLength(8);
    for (let n = 0; n < replicas.a!.jobs.length; n++) {
      const job = replicas.a!.jobs[n]!;
      await job.take();
      job.finish();
      await settle();
    }
    expect(replicas.a!.jobs.flatMap((job) => job.paths).sort()).toEqual([...paths].sort());
  });

  test('an update whose content is gone from held/ is a problem; the others go to the versions, and the plan makes both sides equal', async () => {
    const { unlock, drain, fixture, files } = await five();
    files.held.delete([...files.held.keys()][1]!);
    unlock();
    expect(await drain()).toEqual(['modified v1']);
    expect(fixture.said.filter((said) => said.startsWith('problem'))).toEqual([
      expect.stringMatching(/^problem f unreadable The held content f \(held \d+\) is gone/),
    ]);
    expect([files.aside, fixture.pair.hasMarks]).toEqual([['v3', 'v4', 'v5'], true]);
  });

  test('an update whose content in held/ is another one is a problem; what stands there goes to the versions with the others', async () => {
    const { unlock, drain, fixture, files, again, heldUpdates } = await five();
    files.held.set([...files.held.keys()][1]!, 'other');
    unlock();
    const outcomes: Outcome[] = [{ kind: 'done', sent: 0 }, { kind: 'stale' }];
    expect(await drain('a', (n) => outcomes[n]!)).toEqual(['modified v1', 'modified other']);
    expect(fixture.said.filter((said) => said.startsWith('problem'))).toEqual([
      expect.stringMatching(/^problem f unreadable The held content f \(held \d+\) in .* is not what was held/),
    ]);
    expect([files.aside, fixture.pair.hasMarks, again]).toEqual([['other', 'v3', 'v4', 'v5'], true, []]);
    expect([heldUpdates.isFrozen(F), heldUpdates.isIdle]).toEqual([false, true]);
  });

  test('the content of an update that is there already goes to the versions: nobody has compared it', async () => {
    const { unlock, settle, fixture, files, lock, saves } = open();
    lock();
    saves('v1');
    await settle();
    files.held.set([...files.held.keys()][0]!, 'other');
    fixture.lockState.dispatch({ kind: 'unlock', path: F, owner: 'ann', held: 'apply', current: file('v0'), now: 2 });
    fixture.found('a', 'f', file('v1'));
    unlock();
    await settle();
    expect([fixture.said.at(-1), files.aside, files.held.size]).toEqual(['applied f modified 1 1', ['other'], 0]);
  });

  test('the held updates take effect one by one, in order, and each is logged', async () => {
    const { unlock, drain, fixture, files, heldUpdates } = await five();
    unlock();
    expect([heldUpdates.isFrozen(F), heldUpdates.isMoving(F), heldUpdates.isIdle]).toEqual([true, true, false]);
    expect(await drain()).toEqual(['modified v1', 'modified v2', 'modified v3', 'modified v4', 'modified v5']);
    expect(fixture.said).toEqual([
      'unlocked f ann ann released',
      ...[1, 2, 3, 4, 5].map((n) => `applied f modified ${n} 5`),
    ]);
    expect([fixture.pair.entry('a', F), fixture.pair.shared(F), files.held.size]).toEqual([file('v5'), file('v5'), 0]);
    expect([heldUpdates.isFrozen(F), heldUpdates.isMoving(F), heldUpdates.isIdle]).toEqual([false, false, true]);
  });

  test('each is compared with the present entry and based on the one before it', async () => {
    const { unlock, drain, replicas } = await five();
    unlock();
    await drain();
    const steps = replicas.a!.jobs.map(({ changes }) => changes[0]!);
    expect(steps.map(({ before }) => before)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'].map((content) => file(content)));
  });

  test('updates of a file in a directory take effect one by one, too', async () => {
    const { fixture, settle, heldUpdates, replicas } = open({ d: dir(), 'd/f': file('v0') });
    const path = p('d/f');
    fixture.lockState.dispatch({ kind: 'lock', path, owner: 'ann', side: 'a', message: '', now: 1 });
    fixture.found('b', 'd/f', file('v1'));
    replicas.b!.files.set(path, 'v1');
    await settle();
    fixture.lockState.dispatch({ kind: 'unlock', path, owner: 'ann', current: file('v0'), now: 2 });
    await settle();
    expect(replicas.a!.jobs.map(({ paths }) => paths)).toEqual([['d/f']]);
    expect(heldUpdates.isIdle).toBe(false);
    replicas.a!.jobs[0]!.finish();
    await settle();
    expect([fixture.pair.entry('a', path), heldUpdates.isIdle, fixture.pair.hasMarks]).toEqual([
      file('v1'),
      true,
      true,
    ]);
  });

  test('an update that cannot be moved to the versions is a problem, and is retried after its delay', async () => {
    const { unlock, settle, files, problems, heldUpdates, fixture } = await five();
    const moveToVersions = files.moveToVersions.bind(files);
    files.moveToVersions = () => {
      throw Object.assign(new Error('x'), { code: 'ENOSPC' });
    };
    unlock('a', 'discard');
    await settle();
    expect([problems, files.aside, heldUpdates.isIdle]).toEqual([['f no-space'], [], true]);
    expect(fixture.lockState.table.drains.has(F)).toBe(true);
    await settle();
    expect(problems).toHaveLength(1);
    files.moveToVersions = moveToVersions;
    heldUpdates.retry(F);
    await settle();
    expect([files.aside.length, fixture.lockState.table.drains.has(F)]).toEqual([5, false]);
  });

  test('a held deletion takes effect as a deletion', async () => {
    const { lock, settle, saves, unlock, drain, fixture } = open();
    lock();
    saves('v1');
    await settle();
    fixture.found('b', 'f', null);
    await settle();
    unlock();
    expect(await drain()).toEqual(['modified v1', 'deleted']);
    expect(fixture.pair.entry('a', F)).toBeNull();
  });

  describe('that comes after side b has become another partner', () => {
    const another = (fixture: LockFixture, isOver: boolean) => {
      fixture.pair.lockTable = fixture.lockState.table;
      fixture.found('b', 'f', null);
      fixture.pair.beginFirstContact();
      if (isOver) fixture.pair.endFirstContact();
    };

    test.each([
      ['in the first contact', false],
      ['after it', true],
    ])('the held updates take effect %s, and are not shared with the new one', async (_, isOver) => {
      const { unlock, drain, fixture } = await five();
      unlock();
      another(fixture, isOver);
      expect((await drain()).at(-1)).toBe('modified v5');
      expect([fixture.pair.entry('a', F), fixture.pair.shared(F)]).toEqual([file('v5'), null]);
    });

    test('a held creation is not shared with the new one', async () => {
      const { fixture, lock, saves, settle, unlock, drain } = open({});
      lock();
      saves('v1');
      await settle();
      unlock();
      another(fixture, false);
      expect(await drain()).toEqual(['created v1']);
      expect([fixture.pair.entry('a', F), fixture.pair.shared(F)]).toEqual([file('v1'), null]);
    });

    test.each([
      ['in the first contact', false],
      ['after it', true],
    ])('a held deletion is dropped and logged %s', async (_, isOver) => {
      const { fixture, lock, settle, unlock, drain } = open();
      lock();
      fixture.found('b', 'f', null);
      await settle();
      another(fixture, isOver);
      await settle();
      unlock();
      expect(await drain()).toEqual([]);
      expect([fixture.pair.entry('a', F), fixture.said.at(-1)]).toEqual([file('v0'), 'conflict f a']);
    });

    test('the new one has not deleted what the former one had made', async () => {
      const { fixture, lock, saves, settle, unlock, drain } = open({});
      lock();
      saves('v1');
      await settle();
      another(fixture, true);
      await settle();
      expect(fixture.lockState.table.heldOf(F)).toHaveLength(1);
      unlock();
      expect(await drain()).toEqual(['created v1']);
      expect([fixture.pair.entry('a', F), fixture.pair.shared(F)]).toEqual([file('v1'), null]);
    });

    test('what the new one has there takes no effect after it where it is older', async () => {
      const { fixture, lock, saves, settle, unlock, drain } = open({});
      lock();
      saves('v1');
      await settle();
      another(fixture, false);
      fixture.found('b', 'f', { ...file('old'), mtime: file('v1').mtime - 1 });
      await settle();
      unlock();
      expect(await drain()).toEqual(['created v1']);
      // Side a has the newer one, and the plan decides.
      expect([fixture.pair.entry('a', F), fixture.pair.shared(F)]).toEqual([file('v1'), null]);
    });

    test('what the new one makes there and deletes is held', async () => {
      const { fixture, lock, saves, settle } = open({});
      lock();
      saves('v1');
      await settle();
      another(fixture, true);
      saves('v2');
      await settle();
      fixture.found('b', 'f', null);
      await settle();
      expect(fixture.lockState.table.heldOf(F).map(({ action }) => action)).toEqual(['created', 'modified', 'deleted']);
    });

    test('what side a has made and deletes is held, whatever the former one had made', async () => {
      const { fixture, lock, saves, settle } = open({});
      lock('b');
      saves('v1', 'a');
      await settle();
      fixture.pair.lockTable = fixture.lockState.table;
      fixture.pair.beginFirstContact();
      fixture.pair.endFirstContact();
      fixture.found('a', 'f', null);
      await settle();
      expect(fixture.lockState.table.heldOf(F).map(({ action }) => action)).toEqual(['created', 'deleted']);
    });

    test('what is held of side a still is', async () => {
      const { fixture, lock, settle, unlock, drain } = open();
      lock('b');
      fixture.found('a', 'f', null);
      await settle();
      fixture.pair.lockTable = fixture.lockState.table;
      fixture.pair.beginFirstContact();
      fixture.pair.endFirstContact();
      unlock('b');
      expect(await drain('b')).toEqual(['deleted']);
      expect(fixture.pair.entry('b', F)).toBeNull();
    });
  });

  test('an update that the side has already counts as applied and is not written', async () => {
    const { unlock, drain, fixture, replicas } = await five();
    unlock();
    fixture.found('a', 'f', file('v1'));
    expect(await drain()).toEqual(['modified v2', 'modified v3', 'modified v4', 'modified v5']);
    expect(fixture.said.slice(1)).toEqual([1, 2, 3, 4, 5].map((n) => `applied f modified ${n} 5`));
    expect(replicas.a!.jobs).toHaveLength(4);
  });

  const M600 = { mode: 0o600 };
  test.each<[it: string, update: FileEntry, present: FileEntry, steps: string[], side: 'a' | undefined]>([
    ['bits, and the side has them', file('v0', M600), file('v0', M600), [], undefined],
    ['bits, and the side has others', file('v0', M600), file('v0'), ['metadata'], undefined],
    ['bits, and the side has a third time', file('v0', M600), file('v0', { mtime: 7 }), ['metadata'], undefined],
    ['a content that the side has at another time', file('v1'), file('v1', { mtime: 7 }), [], undefined],
    ['a content, and the side is as it was', file('v1'), file('v0'), ['modified v1'], undefined],
    ['a content, and the side has new bits', file('v1'), file('v0', M600), ['modified v1'], undefined],
    ['a content, and the side has another', file('v1'), file('mine'), [], 'a'],
    ['bits, and the side has another content', file('v0', M600), file('mine'), [], 'a'],
  ])('an update is of %s', async (_, update, present, steps, side) => {
    const { lock, settle, saves, unlock, drain, fixture } = open();
    lock();
    if (update.hash === file('v1').hash) saves('v1');
    else fixture.found('b', 'f', update);
    await settle();
    unlock();
    // What the holder's side has is known only now.
    fixture.found('a', 'f', present);
    expect(await drain()).toEqual(steps);
    expect(fixture.lockState.table.preferences.get(F)?.side).toBe(side);
    expect(fixture.said.filter((said) => said.startsWith('applied'))).toHaveLength(side === undefined ? 1 : 0);
    expect(fixture.lockState.table.drains.size).toBe(0);
  });

  test("where the holder changed it too, the holder's content stays, and the updates go to the versions", async () => {
    const { unlock, settle, fixture, files, replicas, saves } = await five();
    saves('mine', 'a');
    unlock();
    await settle();
    expect([files.aside, replicas.a!.jobs, fixture.lockState.table.heldOf(F)]).toEqual([
      ['v1', 'v2', 'v3', 'v4', 'v5'],
      [],
      [],
    ]);
    expect([fixture.lockState.table.drains.size, fixture.lockState.table.preferences.get(F)?.side]).toEqual([0, 'a']);
    expect(fixture.said).toEqual(['unlocked f ann ann released']);
  });

  test.each<[HeldWay, string[], object]>([
    ['copy', ['v1', 'v2', 'v3', 'v4', 'v5'], { side: 'a', other: 'copy' }],
    ['discard', ['v1', 'v2', 'v3', 'v4', 'v5'].map((v) => `${v} discarded`), { side: 'a', other: 'discard' }],
  ])('--held %s: nothing is applied, all goes to versions, and the holder keeps the name', async (way, aside, wish) => {
    const { unlock, settle, files, replicas, fixture } = await five();
    fixture.pair.clearMarks();
    unlock('a', way);
    await settle();
    expect([files.aside, replicas.a!.jobs]).toEqual([aside, []]);
    // A directory that has come in its place meanwhile is compared with all that is in it.
    expect(marksOf(fixture.pair)).toBe('f*');
    expect([fixture.lockState.table.drains.size, fixture.lockState.table.preferences.get(F)]).toMatchObject([0, wish]);
    expect(fixture.said).toEqual(['unlocked f ann ann released']);
  });

  test.each<[string, Record<string, Entry>, string, Entry | null]>([
    ['a directory in its place', { f: file('v0') }, 'f', dir()],
    ['a file whose directory is gone here', { d: dir(), 'd/f': file('v0') }, 'd/f', file('v1')],
  ])('%s is left to the plan, and told as applied', async (_, shared, path, entry) => {
    const { fixture, settle, replicas, heldUpdates } = open(shared);
    fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner: 'ann', side: 'a', message: '', now: 1 });
    if (path !== 'f') {
      for (const side of ['a', 'b'] as const) fixture.found(side, path, null);
      fixture.found('a', 'd', null);
      fixture.pair.agree(p(path), null);
      replicas.b!.files.set(p(path), 'v1');
    }
    fixture.found('b', path, entry);
    await settle();
    const current = fixture.pair.entry('a', p(path));
    fixture.lockState.dispatch({ kind: 'unlock', path: p(path), owner: 'ann', current, now: 2 });
    await settle();
    expect(fixture.said.at(-1)).toMatch(/^applied .* 1 1$/);
    expect([replicas.a!.jobs, fixture.lockState.table.drains.size, fixture.lockState.table.preferences.size]).toEqual([
      [],
      0,
      0,
    ]);
    expect([fixture.pair.hasMarks, heldUpdates.isFrozen(p(path))]).toEqual([true, false]);
  });

  test('an update stored under a lock of another holder goes to the versions and is found again', async () => {
    const { lock, settle, saves, held, files, fixture, heldUpdates } = open();
    lock();
    saves('v1');
    heldUpdates.work();
    fixture.lockState.dispatch({ kind: 'lock', path: F, owner: 'bob', side: 'a', message: '', now: 3, steal: true });
    await settle();
    expect([files.aside, held()]).toEqual([['v1'], ['modified v1']]);
  });

  test('a held deletion of a file that the holder changed is dropped and logged', async () => {
    const { lock, settle, fixture, saves, unlock } = open();
    lock();
    fixture.found('b', 'f', null);
    await settle();
    saves('mine', 'a');
    unlock();
    await settle();
    expect(fixture.said.at(-1)).toBe('conflict f a');
    expect([fixture.lockState.table.drains.size, fixture.lockState.table.preferences.get(F)?.side]).toEqual([0, 'a']);
  });

  test('where the file changes during the drain, that content stays, and the other updates go to the versions', async () => {
    const { unlock, drain, settle, fixture, files, again, saves } = await five();
    unlock();
    expect(await drain('a', (n) => (n < 2 ? { kind: 'done', sent: 2 } : { kind: 'stale' }))).toEqual([
      'modified v1',
      'modified v2',
      'modified v3',
    ]);
    expect([again, files.held.size]).toEqual([['f'], 3]);
    saves('mine', 'a');
    await settle();
    expect([
      files.aside,
      fixture.lockState.table.drains.size,
      fixture.lockState.table.preferences.get(F)?.side,
    ]).toEqual([['v3', 'v4', 'v5'], 0, 'a']);
  });

  test('a step that finds another entry is retried after its delay', async () => {
    const { unlock, drain, heldUpdates, again } = await five();
    unlock();
    expect(await drain('a', () => ({ kind: 'stale' }))).toEqual(['modified v1']);
    expect(again).toEqual(['f']);
    heldUpdates.retry(F);
    expect((await drain('a')).at(-1)).toBe('modified v5');
  });

  test('a problem waits for its retry and does not keep the pair from being idle', async () => {
    const { unlock, drain, heldUpdates, problems, replicas } = await five();
    unlock();
    await drain('a', () => ({ kind: 'problem', code: 'no-space', message: 'full' }));
    expect([problems, replicas.a!.jobs.length, heldUpdates.isIdle, heldUpdates.isFrozen(F)]).toEqual([
      ['f no-space'],
      1,
      true,
      true,
    ]);
    heldUpdates.retry(F);
    expect((await drain('a')).at(-1)).toBe('modified v5');
  });

  test('a drain waits for a disconnected side and does not keep the pair from being idle', async () => {
    const { lock, settle, saves, unlock, replicas, drain, heldUpdates, held } = open();
    lock('b');
    saves('v1', 'a');
    await settle();
    const { b } = replicas;
    replicas.b = null;
    unlock('b');
    await settle();
    expect([held(), heldUpdates.isIdle, heldUpdates.isFrozen(F)]).toEqual([['modified v1'], true, true]);
    replicas.b = b;
    expect(await drain('b')).toEqual(['modified v1']);
  });

  test('a connection that breaks during a step loses nothing', async () => {
    const { unlock, settle, replicas, again, held } = await five();
    unlock();
    await settle();
    replicas.a!.jobs[0]!.fail(new Error('cut'));
    await turn();
    await settle();
    expect([again, held().length]).toEqual([['f'], 5]);
  });

  test('a held content is removed only once its effect is on disk', async () => {
    const { unlock, settle, replicas, fixture, files } = await five();
    unlock();
    await settle();
    fixture.full = true;
    replicas.a!.jobs[0]!.finish();
    await turn();
    await settle();
    expect(files.held.size).toBe(5);
  });
});
