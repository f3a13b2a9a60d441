// The session between two simulated replicas: what it asks of them and in which order, what it does with the answers,
// and what it logs.

import { describe, expect, test } from 'vitest';
import { type Advice, advise } from '../../../src/core/advice.js';
import { SyncError } from '../../../src/core/errors.js';
import { file } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';
import { ScriptedReplica, SessionFixture, scanPath } from '../../support/session-fixture.js';

const HALT = { code: 'root-emptied', message: 'It is empty.' } as const;
const PROBLEM = { kind: 'problem', code: 'no-space', message: 'The disk is full.' } as const;
const STALE = { kind: 'stale' } as const;

describe('at the beginning', () => {
  test('side a is scanned, and nothing is written before both sides have reported everything', async () => {
    const fixture = new SessionFixture();
    fixture.session.start();
    await fixture.rest();
    expect([fixture.asked('a'), fixture.said]).toEqual([['everything'], ['scan-started']]);
    expect(fixture.session.status.state).toBe('scanning');
    await fixture.report('a', 'd/f:one', { whole: true });
    expect(fixture.said.splice(0)).toEqual(['scan-started', expect.stringMatching(/^scan-finished 1 3 \d+$/)]);
    expect([fixture.session.status.state, fixture.session.status.isConnected]).toEqual(['peer-lost', false]);
    await fixture.connect();
    expect([fixture.asked('b'), fixture.said.splice(0)]).toEqual([['everything'], ['peer-connected']]);
    expect([fixture.session.status.state, fixture.session.status.isConnected]).toEqual(['scanning', true]);
    expect([fixture.session.status.hasSeenB, fixture.transferred('b')]).toEqual([false, '']);
    await fixture.report('b', '', { whole: true });
    expect(fixture.transferred('b')).toBe('+d +d/f');
    expect([fixture.session.status.state, fixture.session.status.pending]).toEqual(['syncing', 2]);
    expect([fixture.session.status.hasSeenB, fixture.session.status.left()]).toEqual([true, { files: 2, bytes: 3 }]);
    await fixture.end('b');
    expect(fixture.said).toEqual([
      expect.stringMatching(/^scan-finished 0 0/),
      'synced d created a b 0 0 0',
      'synced d/f created a b 3 0 0',
      'in-sync 1 3',
    ]);
    expect([fixture.session.status.state, fixture.session.status.pending]).toEqual(['in-sync', 0]);
    expect([fixture.tree('b'), fixture.archive, fixture.flushed > 0]).toEqual(['d/ d/f:one', 'd/ d/f:one', true]);
  });

  test('side b is joined once both are scanned, once for each connection', async () => {
    const fixture = new SessionFixture();
    fixture.session.start();
    await fixture.connect();
    await fixture.report('b', '', { whole: true });
    expect(fixture.paired).toEqual([]);
    await fixture.report('a', 'x:1', { whole: true });
    await fixture.end('b');
    await fixture.finds('a', 'x:22');
    expect(fixture.paired).toEqual([fixture.b]);
    await fixture.disconnect();
    await fixture.connect(new ScriptedReplica());
    await fixture.report('b', 'x:1', { whole: true });
    expect(fixture.paired).toEqual([expect.anything(), fixture.b]);
  });

  test('side b may report first', async () => {
    const fixture = new SessionFixture();
    fixture.session.start();
    await fixture.connect();
    await fixture.report('b', 'x:1', { whole: true });
    expect([fixture.transferred('a'), fixture.transferred('b'), fixture.session.status.state]).toEqual([
      '',
      '',
      'scanning',
    ]);
    await fixture.report('a', '', { whole: true });
    expect([fixture.transferred('a'), fixture.transferred('b')]).toEqual(['+x', '']);
  });

  test('differences without a first complete scan are not accepted: another scan is requested', async () => {
    const fixture = new SessionFixture('x:1');
    fixture.session.start();
    await fixture.connect();
    await fixture.report('b', 'x:1', { whole: true });
    await fixture.report('a', 'y:1');
    expect(fixture.tree('a')).toBe('unknown');
    expect(fixture.warnings).toEqual([expect.stringContaining('before it told all')]);
    expect(fixture.transferred('b')).toBe('');
    await fixture.pass(999);
    expect(fixture.asked('a')).toEqual([]);
    await fixture.pass(1);
    expect(fixture.asked('a')).toEqual(['everything']);
  });

  test('two equal roots need no change, and in-sync is logged once', async () => {
    const fixture = new SessionFixture();
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', 'x:1', { whole: true });
    await fixture.report('b', 'x:1', { whole: true });
    expect(fixture.said.filter((said) => said.startsWith('in-sync'))).toEqual(['in-sync 1 1']);
    expect(fixture.archive).toBe('x:1');
    await fixture.finds('a', '');
    expect(fixture.said.filter((said) => said.startsWith('in-sync'))).toHaveLength(1);
  });

  test('a path deleted on one side while no server ran is deleted on the other; an unknown one is not', async () => {
    const fixture = new SessionFixture('x:1 y:1 d/z:1');
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', 'x:1', { whole: true, unknown: [p('d')] });
    await fixture.report('b', 'x:1 y:1 d/z:1', { whole: true });
    expect(fixture.transferred('b')).toBe('-y');
    await fixture.end('b');
    await fixture.finds('a', 'd/z:1');
    expect([fixture.transferred('a'), fixture.transferred('b'), fixture.archive]).toEqual(['', '', 'd/ d/z:1 x:1']);
  });
});

describe('a change', () => {
  test.each(['a', 'b'] as const)(
    'of side %s is looked at when it is hinted at, and carried to the other',
    async (side) => {
      const fixture = await SessionFixture.inSync('x:1');
      const other = side === 'a' ? 'b' : 'a';
      fixture.replica(side).hint();
      await fixture.rest();
      expect([fixture.asked(side), fixture.asked(other)]).toEqual([['hinted'], []]);
      await fixture.report(side, 'x:22');
      expect([fixture.transferred(other), fixture.transferred(side)]).toEqual(['*x', '']);
      fixture.clock.elapsed += 7;
      await fixture.end(other, { kind: 'done', sent: 2 });
      expect(fixture.said).toEqual([`synced x modified ${side} ${other} 2 2 7`, 'in-sync 1 2']);
      expect([fixture.tree('a'), fixture.tree('b'), fixture.archive]).toEqual(['x:22', 'x:22', 'x:22']);
    },
  );

  test('of a name transfers no content, and its event has the earlier name', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('b', '-x y:1');
    expect(fixture.transferred('a')).toBe('x>y');
    await fixture.end('a');
    expect(fixture.said).toEqual(['synced y renamed b a 1 0 0 x', 'in-sync 1 1']);
    expect([fixture.tree('a'), fixture.archive]).toEqual(['y:1', 'y:1']);
  });

  test('of one path on both sides is a conflict, and is logged', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.session.pause(true);
    await fixture.finds('a', 'x:A@5');
    await fixture.finds('b', 'x:B@9');
    await fixture.session.pause(false);
    await fixture.rest();
    expect(fixture.transferred('a')).toMatch(/^\*x\|x \(conflict A 2026-11-21 .*\)$/);
    const [change] = await fixture.end('a');
    expect(fixture.said).toContain(`conflict x b ${change!.conflictCopy}`);
    // A scan confirms the conflict copy before anything else is done with it.
    expect(fixture.asked('a')).toEqual([`hinted ${change!.conflictCopy}`]);
    expect(fixture.transferred('b')).toBe('');
    await fixture.report('a', '', { entries: [{ path: change!.conflictCopy!, entry: file('A', 5) }] });
    expect(fixture.transferred('b')).toBe(`+${change!.conflictCopy}`);
    await fixture.end('b');
    expect(fixture.said.at(-1)).toBe('in-sync 2 2');
  });

  test('that is superseded before it has begun is recalled and planned again', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.finds('a', 'x:22');
    await fixture.finds('a', 'y:333');
    expect(fixture.transferred('b')).toBe('*x');
    await fixture.finds('a', 'y:4444');
    await fixture.end('b');
    expect(fixture.transferred('b')).toBe('*y');
    const [change] = await fixture.end('b');
    expect(change!.after).toMatchObject({ size: 4 });
    expect(fixture.tree('b')).toBe('x:22 y:4444');
  });

  test('a scan entry that an outcome overtook is not accepted: the path is scanned again', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    fixture.b.hint();
    await fixture.rest();
    await fixture.end('b');
    await fixture.report('b', 'x:1');
    expect([fixture.tree('b'), fixture.asked('b')]).toEqual(['x:22', ['hinted x']]);
    expect(fixture.transferred('a')).toBe('');
    expect(fixture.said).not.toContain('in-sync 1 2');
    await fixture.report('b', 'x:22');
    expect(fixture.said.at(-1)).toBe('in-sync 1 2');
  });

  test('in-sync is not logged while a path is not settled', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('b', 'y:1', { unsettled: 1, moving: [p('z')] });
    await fixture.end('a');
    expect([fixture.said, fixture.session.status.state]).toEqual([['synced y created b a 1 0 0'], 'syncing']);
    await fixture.finds('b', '');
    expect(fixture.said.at(-1)).toBe('in-sync 2 2');
  });
});

describe('a change that fails', () => {
  test('is logged once, retried, and forgotten when it is done', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    await fixture.end('b', PROBLEM);
    expect(fixture.said.splice(0)).toEqual(['problem x no-space The disk is full.', 'in-sync 1 2']);
    fixture.work.length = 0;
    expect(fixture.session.status.problems()).toEqual([{ path: 'x', code: 'no-space', message: 'The disk is full.' }]);
    await fixture.pass(999);
    expect([fixture.asked('a'), fixture.asked('b'), fixture.transferred('b')]).toEqual([[], [], '']);
    await fixture.pass(1);
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    expect(fixture.transferred('b')).toBe('*x');
    await fixture.quiet();
    await fixture.end('b', PROBLEM);
    expect([fixture.said, fixture.work]).toEqual([[], []]);
    await fixture.pass(2_000);
    await fixture.quiet();
    await fixture.end('b');
    expect(fixture.session.status.problems()).toEqual([]);
    expect(fixture.said).toEqual(['synced x modified a b 2 0 0', 'in-sync 1 2']);
  });

  test('does not keep the pair from being in sync for the rest', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.finds('a', 'x:22 y:22');
    await fixture.end('b', PROBLEM);
    expect(fixture.said).toEqual([
      'problem x no-space The disk is full.',
      'synced y modified a b 2 0 0',
      'in-sync 2 4',
    ]);
  });

  test('because the entry was not as expected is scanned again on both sides, and in-sync waits for that', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    await fixture.end('b', STALE);
    expect([fixture.said, fixture.session.status.state]).toEqual([[], 'syncing']);
    await fixture.pass(5);
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await fixture.report('b', 'x:22');
    await fixture.report('a', '');
    // The next attempt was planned before the scans.
    while (fixture.b.jobs.length > 0) await fixture.end('b', STALE);
    await fixture.report('b', 'x:22');
    await fixture.pass(10);
    await fixture.quiet();
    expect([fixture.said, fixture.session.status.state]).toEqual([['in-sync 1 2'], 'in-sync']);
  });

  test('of a rename leaves both paths to be retried', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', '-x y:1');
    await fixture.end('b', PROBLEM);
    expect(fixture.said).toEqual(
      expect.arrayContaining([expect.stringMatching(/^problem y/), expect.stringMatching(/^problem x/)]),
    );
    await fixture.pass(1_000);
    expect(fixture.asked('b')).toEqual(['hinted x y'].map(() => expect.stringMatching(/^hinted [xy] [xy]$/)));
    await fixture.quiet();
    await fixture.end('b');
    expect([fixture.tree('b'), fixture.session.status.problems()]).toEqual(['y:1', []]);
  });

  test('of a directory delays the changes below it until the directory can be made', async () => {
    const fixture = await SessionFixture.inSync('');
    await fixture.finds('a', 'd/f:1');
    await fixture.end('b', PROBLEM, STALE);
    expect(fixture.said.splice(0)).toEqual(['problem d no-space The disk is full.', 'in-sync 1 1']);
    expect(fixture.session.status.state).toBe('in-sync');
    await fixture.pass(1_000);
    await fixture.quiet();
    expect(fixture.transferred('b')).toMatch(/^\+d( \+d\/f)?$/);
  });

  test('of a directory delays the large files below it, too: nothing is retried before its delay is over', async () => {
    const fixture = await SessionFixture.inSync('');
    const large = { ...file('1'), size: 5 << 20 };
    await fixture.finds('a', '', {
      entries: [
        { path: p('d'), entry: { type: 'dir', mode: 0o755 } },
        { path: p('d/large'), entry: large },
      ],
    });
    expect(fixture.transferred('b')).toBe('+d');
    await fixture.end('b', PROBLEM);
    expect([fixture.transferred('b'), fixture.session.status.left(), fixture.session.status.state]).toEqual([
      '',
      { files: 0, bytes: 0 },
      'in-sync',
    ]);
    await fixture.pass(1_000);
    await fixture.quiet();
    await fixture.end('b');
    expect(fixture.transferred('b')).toBe('+d/large');
  });

  test('because the directory is not empty counts as shared deletion, and the directory is created again', async () => {
    const fixture = await SessionFixture.inSync('d/ x:1');
    await fixture.finds('a', '-d');
    expect(fixture.transferred('b')).toBe('-d');
    await fixture.end('b', { kind: 'kept' });
    expect(fixture.transferred('a')).toBe('+d');
  });
});

describe('a halt', () => {
  const halted = async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.finds('b', '', { halt: HALT });
    return fixture;
  };

  test('is logged once, stops all writes, and is scanned again every second', async () => {
    const fixture = await halted();
    expect(fixture.said.splice(0)).toEqual(['halted root-emptied It is empty.']);
    expect([fixture.session.status.state, fixture.session.halt?.code, fixture.session.halt?.message]).toEqual([
      'halted',
      'halted',
      'It is empty.',
    ]);
    expect(fixture.session.status.problems()).toEqual([{ path: '', ...HALT }]);
    await fixture.finds('a', 'x:22');
    expect(fixture.transferred('b')).toBe('');
    await fixture.pass(1_000);
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['everything'], ['everything']]);
    await fixture.report('a', '');
    await fixture.report('b', '', { halt: HALT });
    expect(fixture.said).toEqual([]);
    await fixture.pass(1_000);
    await fixture.report('b', '', { halt: { code: 'mass-deletion', message: 'Too many.' } });
    expect(fixture.said).toEqual(['halted mass-deletion Too many.']);
  });

  test('ends when the files are back, and everything is compared', async () => {
    const fixture = await halted();
    await fixture.finds('a', 'x:22');
    fixture.said.length = 0;
    await fixture.pass(1_000);
    await fixture.quiet();
    expect([fixture.said.splice(0), fixture.session.halt]).toEqual([['resumed'], null]);
    expect(fixture.transferred('b')).toBe('*x');
    await fixture.end('b');
    expect(fixture.said.at(-1)).toBe('in-sync 2 3');
  });

  test('and in-sync is logged even if nothing was to do', async () => {
    const fixture = await halted();
    fixture.said.length = 0;
    await fixture.pass(1_000);
    await fixture.quiet();
    expect(fixture.said).toEqual(['resumed', 'in-sync 2 2']);
  });

  test('ends when it is confirmed: the side with the loss reports all that vanished', async () => {
    const fixture = await halted();
    let answer: boolean | null = null;
    void fixture.session.confirm({ acceptDeletes: true }).then((done) => {
      answer = done;
    });
    await fixture.rest();
    expect([fixture.a.accepted, fixture.b.accepted, answer]).toEqual([0, 1, null]);
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([[], ['everything']]);
    await fixture.report('b', '-x -y');
    expect([answer, fixture.transferred('a')]).toEqual([true, '-y -x']);
  });

  test('of side a is ended in the same way', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.finds('a', '', { halt: HALT });
    const asking = fixture.session.confirm({ acceptDeletes: true });
    await fixture.rest();
    expect([fixture.a.accepted, fixture.b.accepted, fixture.asked('a'), fixture.asked('b')]).toEqual([
      1,
      0,
      ['everything'],
      [],
    ]);
    await fixture.report('a', '-x -y');
    expect([await asking, fixture.transferred('b')]).toEqual([true, '-y -x']);
  });

  test('that cannot be confirmed stays, and a confirmation without a halt changes nothing', async () => {
    const fixture = await halted();
    const asking = fixture.session.confirm({ acceptDeletes: true });
    await fixture.rest();
    await fixture.report('b', '', { halt: HALT });
    expect(await asking).toBe(false);
    const other = await SessionFixture.inSync('x:1');
    expect([await other.session.confirm({ acceptDeletes: true }), other.a.accepted]).toEqual([false, 0]);
  });

  test.each([
    [{ acceptLostLocks: true }, true, null],
    [{ acceptDeletes: true }, false, 'halted'],
  ])('for lost locks is ended by its own word: %j', async (word, isAccepted, code) => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.pair.locksHalt = { code: 'locks-lost', message: 'Locks may be lost.' };
    await fixture.finds('a', '');
    expect([fixture.said, fixture.session.halt?.code]).toEqual([['halted locks-lost Locks may be lost.'], 'halted']);
    expect([await fixture.session.confirm(word), fixture.lostLocksAccepted]).toEqual([isAccepted, isAccepted ? 1 : 0]);
    expect(fixture.session.halt?.code ?? null).toBe(code);
  });

  test('that is not about locks does not take them for accepted', async () => {
    const fixture = await halted();
    void fixture.session.confirm({ acceptLostLocks: true });
    await fixture.rest();
    expect([fixture.lostLocksAccepted, fixture.session.halt?.code]).toEqual([0, 'halted']);
  });

  test('refuses flushes', async () => {
    const fixture = await halted();
    const { outcome } = fixture.flush();
    await fixture.rest();
    expect(outcome()).toBe('halted');
  });

  test('of a disconnected side ends', async () => {
    const fixture = await halted();
    await fixture.disconnect();
    expect([fixture.session.halt, fixture.said.slice(1)]).toEqual([null, ['resumed', 'peer-lost cut']]);
  });
});

describe('pausing', () => {
  test('stops transfers, not scans, and returns whether it changed anything', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    expect(await Promise.all([fixture.session.pause(false), fixture.session.pause(true, 'ann')])).toEqual([
      false,
      true,
    ]);
    expect([await fixture.session.pause(true, 'bob'), fixture.session.status.state]).toEqual([false, 'paused']);
    expect([fixture.said, fixture.session.paused]).toEqual([['paused ann'], { by: 'ann', since: fixture.clock.now() }]);
    await fixture.finds('a', 'x:22');
    expect([fixture.tree('a'), fixture.transferred('b')]).toEqual(['x:22', '']);
    const { outcome } = fixture.flush();
    await fixture.rest();
    expect(outcome()).toBe('failed');
    expect(await fixture.session.pause(false, 'bob')).toBe(true);
    await fixture.rest();
    expect(fixture.transferred('b')).toBe('*x');
    await fixture.end('b');
    await fixture.quiet();
    expect(fixture.said).toEqual(['paused ann', 'resumed bob', 'synced x modified a b 2 0 0', 'in-sync 1 2']);
  });

  test('shows what waits', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.session.pause(true);
    await fixture.finds('a', 'x:22 new:333');
    await fixture.finds('b', '-y', { unsettled: 1, moving: [p('film')], arriving: [{ path: p('film'), size: 1_000 }] });
    const { status } = fixture.session;
    expect([status.pending, status.left()]).toEqual([4, { files: 4, bytes: 1_005 }]);
    expect(['x', 'new', 'y'].map((path) => status.progressOf(p(path)))).toEqual([0, null, null]);
    expect([fixture.transferred('a'), fixture.transferred('b'), fixture.work]).toEqual(['', '', []]);
  });

  test('interrupts what is being transferred, and goes on with it', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.a.files.set(p('x'), '22');
    await fixture.finds('a', 'x:22 y:333');
    const [job] = fixture.b.jobs;
    await fixture.session.pause(true);
    await expect(job!.take()).rejects.toMatchObject({ code: 'interrupted' });
    job!.fail(new Error('cut'));
    await fixture.rest();
    expect([fixture.session.status.pending, fixture.session.status.state]).toEqual([2, 'paused']);
    await fixture.session.pause(false);
    await fixture.pass(5);
    fixture.b.jobs.splice(0, 1);
    await fixture.quiet();
    expect(fixture.transferred('b')).toBe('*x +y');
  });

  test('outlasts a restart, and is said at the start', async () => {
    const before = await SessionFixture.inSync('x:1');
    await before.session.pause(true, 'ann');
    const fixture = new SessionFixture('x:1', before.locks);
    fixture.session.start();
    await fixture.connect();
    await fixture.report('a', 'x:1', { whole: true });
    await fixture.report('b', 'x:22', { whole: true });
    expect([fixture.session.status.state, fixture.session.status.pending, fixture.transferred('a')]).toEqual([
      'paused',
      1,
      '',
    ]);
    expect(fixture.said[0]).toBe('paused ann 2026-11-21T14:03:22.000Z');
    expect(fixture.session.paused).toEqual({ by: 'ann', since: before.clock.now() });
    await fixture.session.pause(false);
    await fixture.rest();
    expect(fixture.transferred('a')).toBe('*x');
  });

  test('ends before both sides are said to agree, however long the disk takes', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.session.pause(true, 'ann');
    let stored = () => {};
    fixture.locks.disk = new Promise((resolve) => {
      stored = resolve;
    });
    const resumed = fixture.session.pause(false, 'ann');
    await fixture.rest();
    expect([fixture.said, fixture.session.status.state]).toEqual([['paused ann'], 'syncing']);
    stored();
    expect(await resumed).toBe(true);
    await fixture.rest();
    expect(fixture.said).toEqual(['paused ann', 'resumed ann', 'in-sync 1 1']);
  });

  test('is refused where it cannot be stored, and holds until the end', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.locks.isFull = true;
    await expect(fixture.session.pause(true)).rejects.toMatchObject({ code: 'failed' });
    expect([fixture.session.status.state, fixture.said]).toEqual(['paused', []]);
  });
});

describe('work', () => {
  const reading = (size: number) => ({
    unsettled: 1,
    moving: [p('film')],
    arriving: [{ path: p('film'), size }],
  });

  test('is said when a change is known, once, and ends with in-sync', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    expect([fixture.work, fixture.session.status.state]).toEqual([['syncing 1 2'], 'syncing']);
    await fixture.finds('a', 'y:333');
    await fixture.end('b');
    await fixture.end('b');
    expect([fixture.work, fixture.said.at(-1)]).toEqual([['syncing 1 2'], 'in-sync 2 5']);
  });

  test('is said while a file is still being written, again when it is much more, and is over when nothing came of it', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('b', '', reading(0));
    expect([fixture.work.splice(0), fixture.session.status.state]).toEqual([['syncing 1 0'], 'syncing']);
    await fixture.pass(1_000);
    await fixture.finds('b', '', reading(1_000));
    await fixture.pass(1_000);
    await fixture.finds('b', '', reading(5 << 20));
    await fixture.pass(1_000);
    await fixture.finds('b', '', reading(9 << 20));
    expect(fixture.work.splice(0)).toEqual([`syncing 1 ${5 << 20}`]);
    expect(fixture.session.status.transfers()).toMatchObject({
      transfers: [{ path: 'film', to: 'a', size: 9 << 20, arrived: 0, reading: true }],
      left: { files: 1, bytes: 9 << 20 },
    });
    await fixture.finds('b', '');
    expect([fixture.work, fixture.said, fixture.session.status.state]).toEqual([[], ['in-sync 1 1'], 'in-sync']);
  });

  test('is said of a scan that takes long because something has changed', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.b.hint();
    await fixture.rest();
    expect([fixture.work, fixture.session.status.state]).toEqual([[], 'syncing']);
    await fixture.pass(250);
    expect([fixture.work, fixture.said]).toEqual([['syncing 0 0'], []]);
    await fixture.report('b', '');
    expect(fixture.said).toEqual(['in-sync 1 1']);
  });

  test('is none while everything is scanned from time to time', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.session.rescan();
    await fixture.rest();
    await fixture.pass(1_000);
    expect([fixture.asked('a'), fixture.session.status.state]).toEqual([['everything'], 'in-sync']);
    fixture.a.hint();
    await fixture.rest();
    expect(fixture.session.status.state).toBe('syncing');
    await fixture.quiet();
    expect([fixture.work, fixture.said]).toEqual([[], []]);
  });

  test('never runs backwards in what is shown of it', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const { status } = fixture.session;
    await fixture.finds('a', `x:${'2'.repeat(300)}`);
    fixture.a.files.set(p('x'), '2'.repeat(300));
    await fixture.b.jobs[0]!.take();
    const first = status.progress();
    expect(first).toMatchObject({ done: { files: 0, bytes: 300 }, left: { files: 1, bytes: 0 } });
    await fixture.finds('a', `y:${'3'.repeat(90_000)}`);
    const second = status.progress();
    expect(second.percent).toBeGreaterThanOrEqual(first.percent);
    await fixture.disconnect();
    expect(status.progress().percent).toBeGreaterThanOrEqual(second.percent);
    expect(status.progress().percent).toBeLessThan(100);
  });

  test('ends at a time that is kept', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const { status } = fixture.session;
    fixture.clock.elapsed += 5_000;
    const begun = fixture.clock.now();
    expect(status.lastInSync).toBe(begun);
    await fixture.finds('a', 'x:22');
    fixture.clock.elapsed += 5_000;
    expect([status.lastInSync, fixture.pair.meta.get('inSync')]).toEqual([begun, begun]);
    await fixture.end('b');
    expect(status.lastInSync).toBe(fixture.clock.now());
    await fixture.disconnect();
    fixture.clock.elapsed += 5_000;
    expect(status.lastInSync).toBe(fixture.clock.now() - 5_000);
  });

  test('which is written once a second at most, whatever comes meanwhile', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const recorded = () => fixture.pair.meta.get('inSync');
    fixture.clock.elapsed += 1_000;
    await fixture.finds('a', 'x:22');
    const first = fixture.clock.now();
    expect(recorded()).toBe(first);
    fixture.clock.elapsed += 999;
    await fixture.end('b');
    expect(recorded()).toBe(first);
    fixture.clock.elapsed += 1;
    await fixture.finds('a', 'x:333');
    expect(recorded()).toBe(first + 1_000);
  });
});

describe('side b disconnects', () => {
  test('and connects again: everything is compared', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.disconnect();
    expect([fixture.said.splice(0), fixture.session.status.state]).toEqual([['peer-lost cut'], 'peer-lost']);
    await fixture.finds('a', 'x:22');
    expect(fixture.transferred('b')).toBe('');
    await fixture.connect();
    expect([fixture.asked('b'), fixture.transferred('b'), fixture.session.status.state]).toEqual([
      ['everything'],
      '',
      'scanning',
    ]);
    await fixture.report('b', 'x:1', { whole: true });
    expect([fixture.transferred('b'), fixture.transferred('a')]).toEqual(['*x', '-y']);
    await fixture.end('b');
    await fixture.end('a');
    expect(fixture.said.at(-1)).toBe('in-sync 1 2');
  });

  test('and connects again: in-sync is logged once more though nothing was to do', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.disconnect();
    await fixture.disconnect();
    expect(fixture.said.splice(0)).toEqual(['peer-lost cut']);
    await fixture.connect();
    await fixture.report('b', 'x:1', { whole: true });
    expect(fixture.said).toEqual(['peer-connected', 'scan-finished 1 1 0', 'in-sync 1 1']);
  });

  test('later answers and hints of the old connection are ignored', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const { b } = fixture;
    b.hint();
    await fixture.rest();
    await fixture.disconnect();
    b.scans.shift()!.answer(scanPath('x:22'));
    b.hint();
    await fixture.rest();
    expect([fixture.tree('b'), b.scans.length]).toEqual(['x:1', 0]);
    await fixture.connect(new ScriptedReplica());
    b.hint();
    await fixture.rest();
    expect([b.scans.length, fixture.asked('b')]).toEqual([0, ['everything']]);
  });

  test('with a running change: the path stays claimed until that has ended, and is scanned then', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await fixture.finds('b', 'x:22');
    expect(fixture.transferred('a')).toBe('*x');
    const { jobs } = fixture.a;
    await fixture.disconnect();
    await fixture.connect();
    await fixture.report('b', 'x:22 y:333', { whole: true });
    expect(jobs).toHaveLength(2);
    expect(jobs[1]!.paths).toEqual(['y']);
    await fixture.end('a');
    expect(fixture.said.some((said) => said.startsWith('synced x'))).toBe(false);
    await fixture.pass(5);
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await fixture.report('a', 'x:22');
    await fixture.report('b', 'x:22');
    await fixture.end('a');
    expect(fixture.tree('a')).toBe('x:22 y:333');
    expect(fixture.said.at(-1)).toBe('in-sync 2 5');
  });

  test('with a running change: it is pending until it has ended and is planned again', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('b', 'x:22');
    const { status } = fixture.session;
    const shown = () => [status.pending, status.left()];
    const pending = [1, { files: 1, bytes: 2 }];
    await fixture.disconnect();
    expect([status.state, ...shown()]).toEqual(['peer-lost', ...pending]);
    await fixture.connect();
    expect([status.state, ...shown()]).toEqual(['scanning', ...pending]);
    await fixture.report('b', 'x:22', { whole: true });
    expect([status.state, ...shown()]).toEqual(['syncing', ...pending]);
    fixture.a.jobs.shift()!.fail(new Error('cut'));
    await fixture.rest();
    expect([status.state, ...shown()]).toEqual(['syncing', ...pending]);
    await fixture.pass(5);
    await fixture.report('a', '');
    await fixture.report('b', '');
    expect([fixture.transferred('a'), ...shown()]).toEqual(['*x', ...pending]);
  });

  test('with a change without an outcome: if it is there at the next scan, both sides shared it', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    const { b } = fixture;
    await fixture.disconnect();
    b.jobs[0]!.fail(new Error('cut'));
    await fixture.rest();
    await fixture.finds('a', '-x');
    await fixture.connect();
    await fixture.report('b', 'x:22', { whole: true });
    await fixture.pass(5);
    await fixture.quiet();
    // Not an edit of side b that survives the deletion.
    expect(fixture.transferred('b')).toBe('-x');
    expect(fixture.transferred('a')).toBe('');
  });
});

describe('a scan that fails', () => {
  test('on side a is retried after a second, and logged once', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    for (let n = 0; n < 2; n++) {
      fixture.a.hint();
      await fixture.rest();
      await fixture.failLook('a', 'EIO');
      await fixture.pass(999);
      expect(fixture.asked('a')).toEqual([]);
      await fixture.pass(1);
      expect(fixture.asked('a')).toEqual(['everything']);
      await fixture.report('a', '');
      await fixture.quiet();
    }
    expect(fixture.warnings).toEqual(['The scan of side a failed: EIO']);
  });

  test('on side b ends the connection, and nothing is planned on its earlier state', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.b.hint();
    await fixture.rest();
    await fixture.failLook('b', 'gone');
    expect([fixture.b.closed, fixture.session.status.state, fixture.warnings]).toEqual([
      1,
      'scanning',
      ['The scan of side b failed: gone'],
    ]);
    await fixture.finds('a', 'x:22');
    expect(fixture.transferred('b')).toBe('');
    expect(fixture.said).toEqual([]);
  });

  test.each<[it: string, error: Error, said: string]>([
    ['is the reason that is logged', new SyncError('bad-message', 'gibberish'), 'The scan of side b failed: gibberish'],
    ['because the connection ended is not the reason for its end', new SyncError('closed', 'no answer'), 'cut'],
  ])('on side b %s', async (_, error, said) => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.b.hint();
    await fixture.rest();
    fixture.b.scans.shift()!.fail(error);
    await fixture.rest();
    await fixture.disconnect();
    expect(fixture.said).toEqual([`peer-lost ${said}`]);
  });
});

describe('a flush', () => {
  test('waits for full scans of both sides that began after it, and for their changes', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    fixture.a.hint();
    await fixture.rest();
    const { outcome } = fixture.flush();
    await fixture.rest();
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['hinted'], ['everything']]);
    await fixture.report('b', '');
    await fixture.report('a', '');
    expect([outcome(), fixture.asked('a')]).toEqual(['waits', ['everything']]);
    await fixture.report('a', 'x:22');
    expect(outcome()).toBe('waits');
    await fixture.end('b');
    expect(outcome()).toBe('done');
  });

  test('without side b waits until it connects', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.disconnect();
    const { outcome } = fixture.flush();
    await fixture.rest();
    await fixture.report('a', '');
    expect(outcome()).toBe('waits');
    await fixture.connect();
    await fixture.report('b', 'x:1', { whole: true });
    expect(outcome()).toBe('done');
  });

  test('ends when its time is over, and waits for nothing more', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const { signal, outcome } = fixture.flush();
    await fixture.rest();
    signal.abort();
    await fixture.rest();
    expect(outcome()).toBe('timeout');
    const late = fixture.flush();
    late.signal.abort();
    await fixture.rest();
    expect(late.outcome()).toBe('timeout');
    await fixture.quiet();
  });

  test('that was aborted before it began requests no scan', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await expect(fixture.session.flush(AbortSignal.abort())).rejects.toMatchObject({ code: 'timeout' });
    await fixture.rest();
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([[], []]);
  });
});

describe('stop', () => {
  test('refuses flushes and lets running transfers end', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    const { outcome } = fixture.flush();
    await fixture.rest();
    let stopped = false;
    void fixture.session.stop().then(() => {
      stopped = true;
    });
    await fixture.rest();
    expect([outcome(), stopped]).toEqual(['closed', false]);
    await fixture.end('b');
    expect([stopped, fixture.said]).toEqual([true, ['synced x modified a b 2 0 0']]);
    expect(fixture.archive).toBe('x:22');
  });

  test('refuses a flush that is asked for while running transfers end', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    void fixture.session.stop();
    const { outcome } = fixture.flush();
    await fixture.rest();
    expect(outcome()).not.toBe('waits');
    await fixture.end('b');
  });

  test('is not shown as a pause while running transfers end', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    void fixture.session.stop();
    await fixture.rest();
    expect([fixture.session.status.state, fixture.session.paused]).toEqual(['syncing', null]);
  });

  test('does not wait longer than two seconds for them', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    let stopped = false;
    void fixture.session.stop().then(() => {
      stopped = true;
    });
    await fixture.pass(1_999);
    expect(stopped).toBe(false);
    await fixture.pass(1);
    expect(stopped).toBe(true);
    await fixture.end('b');
    expect(fixture.said).toEqual([]);
  });

  test('retries nothing', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', 'x:22');
    await fixture.end('b', PROBLEM);
    await fixture.session.stop();
    await fixture.pass(60_000);
    expect([fixture.asked('a'), fixture.transferred('b')]).toEqual([[], '']);
  });
});

describe('under a lock', () => {
  const lock = async (fixture: SessionFixture, side: 'a' | 'b' = 'a') => {
    const asking = fixture.session.lockService.ask({ kind: 'lock', path: p('x'), owner: 'ann', side, message: '' });
    await fixture.rest();
    expect([fixture.asked('a'), fixture.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await fixture.quiet();
    expect(await asking).toMatchObject({ changed: true });
  };
  const unlock = async (fixture: SessionFixture) => {
    const asking = fixture.session.lockService.ask({
      kind: 'unlock',
      path: p('x'),
      owner: 'ann',
      side: 'a',
      message: '',
    });
    await fixture.rest();
    await fixture.quiet();
    return asking;
  };

  test('changes of the other side are held, and take effect at the unlock', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await lock(fixture);
    await fixture.finds('b', 'x:22 y:22');
    expect(fixture.transferred('a')).toBe('*y');
    await fixture.end('a');
    expect(fixture.said).toContain('held x modified 1');
    expect([fixture.said.at(-1), fixture.session.status.state]).toEqual(['in-sync 2 3', 'in-sync']);
    expect(await unlock(fixture)).toMatchObject({ changed: true, held: 1 });
    expect(fixture.transferred('a')).toBe('*x');
    expect(fixture.session.status.state).toBe('syncing');
    await fixture.end('a');
    expect(fixture.said).toEqual(expect.arrayContaining(['applied x modified 1 1']));
    expect([fixture.tree('a'), fixture.said.at(-1)]).toEqual(['x:22 y:22', 'in-sync 2 4']);
  });

  test('an update that could not be held and was taken back is held when it is made again', async () => {
    const fixture = await SessionFixture.inSync('x:1 y:1');
    await lock(fixture);
    fixture.heldError = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    await fixture.finds('b', 'x:22');
    expect(fixture.session.status.problems()).toMatchObject([{ path: 'x', code: 'no-space' }]);
    await fixture.finds('b', 'x:1 y:22');
    expect(fixture.session.status.problems()).toEqual([]);
    fixture.heldError = null;
    await fixture.finds('b', 'x:22');
    expect(fixture.said).toContain('held x modified 1');
    await fixture.end('a');
  });

  test('changes of the holder are synchronised at once', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await lock(fixture);
    await fixture.finds('a', 'x:22');
    expect(fixture.transferred('b')).toBe('*x');
  });

  test('updates are held while the pair is paused, and take effect when it resumes', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await lock(fixture);
    await fixture.session.pause(true);
    await fixture.finds('b', 'x:22');
    expect(fixture.said).toContain('held x modified 1');
    expect(await unlock(fixture)).toMatchObject({ held: 1 });
    expect(fixture.transferred('a')).toBe('');
    await fixture.session.pause(false);
    await fixture.rest();
    expect(fixture.transferred('a')).toBe('*x');
  });

  test('a lock waits for a running transfer of its path', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('b', 'x:22');
    const asking = fixture.session.lockService.ask({
      kind: 'lock',
      path: p('x'),
      owner: 'ann',
      side: 'a',
      message: '',
    });
    await fixture.rest();
    await fixture.quiet();
    expect(fixture.lockState.table.locks.size).toBe(0);
    await fixture.end('a');
    await fixture.quiet();
    expect(await asking).toMatchObject({ changed: true });
  });

  test('an unlock while the pair is halted takes effect when it resumes', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await lock(fixture);
    await fixture.finds('b', 'x:22');
    await fixture.finds('a', '', { halt: HALT });
    const asking = fixture.session.lockService.ask({
      kind: 'unlock',
      path: p('x'),
      owner: 'ann',
      side: 'a',
      message: '',
    });
    await fixture.rest();
    await fixture.report('a', '', { halt: HALT });
    await fixture.report('b', '');
    expect(await asking).toMatchObject({ held: 1 });
    await fixture.rest();
    expect(fixture.transferred('a')).toBe('');
    await fixture.pass(1_000);
    await fixture.quiet();
    expect(fixture.transferred('a')).toBe('*x');
  });

  test('a request while side b is disconnected waits for a scan of side a, and of side b once it connects', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.disconnect();
    const asking = fixture.session.lockService.ask({
      kind: 'lock',
      path: p('x'),
      owner: 'ann',
      side: 'a',
      message: '',
    });
    await fixture.rest();
    expect(fixture.asked('a')).toEqual(['hinted x']);
    await fixture.connect();
    expect(fixture.asked('b')).toEqual(['everything x']);
    await fixture.report('a', '');
    expect(fixture.lockState.table.locks.size).toBe(0);
    await fixture.report('b', 'x:1', { whole: true });
    expect(await asking).toMatchObject({ changed: true });
  });
});

describe('what is logged', () => {
  test('the problems of scans: each once, as long as it lasts', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    const problems = [{ path: 'y', code: 'unreadable', message: 'No.' }] as const;
    await fixture.finds('a', '', { problems });
    await fixture.finds('b', '', { problems: [...problems, { path: 'z', code: 'unreadable', message: 'No.' }] });
    expect(fixture.said).toEqual(['problem y unreadable No.', 'problem z unreadable No.']);
    expect(fixture.session.status.problems()).toHaveLength(3);
    await fixture.finds('a', '');
    await fixture.finds('b', '');
    await fixture.finds('a', '', { problems });
    expect(fixture.said).toHaveLength(3);
  });

  test.each<['root-missing' | 'root-replaced' | 'root-emptied', Advice]>([
    ['root-missing', advise`No command ends this halt: see ${{ do: 'status' }}`],
    ['root-replaced', advise`No command ends this halt: see ${{ do: 'status' }}`],
    ['root-emptied', advise`See: ${{ do: 'status' }}`],
  ])('of a halt by %s, to who asks', async (code, advice) => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.finds('a', '', { halt: { code, message: 'Why.' } });
    expect(fixture.session.halt).toMatchObject({ code: 'halted', message: 'Why.', advice });
  });

  test('nothing of a conflict whose resolution failed, also when the path changes later', async () => {
    const fixture = await SessionFixture.inSync('x:1');
    await fixture.session.pause(true);
    await fixture.finds('a', 'x:A@5');
    await fixture.finds('b', 'x:B@9');
    await fixture.session.pause(false);
    await fixture.rest();
    await fixture.end('a', STALE);
    await fixture.pass(5);
    await fixture.report('a', 'x:B@9');
    await fixture.report('b', '');
    while (fixture.a.jobs.length > 0) await fixture.end('a', STALE);
    await fixture.report('a', 'x:B@9');
    await fixture.pass(10);
    await fixture.quiet();
    await fixture.finds('b', 'x:C@9');
    if (fixture.a.jobs.length > 0) await fixture.end('a');
    expect(fixture.said.filter((said) => said.startsWith('conflict'))).toEqual([]);
  });
});

test('the pair is not in sync while marks wait for the claim of their path', async () => {
  const { session, pair } = await SessionFixture.inSync('x:1');
  expect([session.isQuiet, session.isInSync]).toEqual([true, true]);
  pair.postponed.add(p('x'));
  expect([session.isQuiet, session.isInSync]).toEqual([false, false]);
  pair.postponed.clear();
  expect([session.isQuiet, session.isInSync]).toEqual([true, true]);
});
