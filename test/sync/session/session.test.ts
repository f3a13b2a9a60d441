// The session between two simulated replicas: what it asks of them and in which order, what it does with the answers,
// and what it logs.

import { describe, expect, test } from 'vitest';
import { type Advice, advise } from '../../../src/core/advice.js';
import { SyncError } from '../../../src/core/errors.js';
import { file } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';
import { ScriptedReplica, SessionRoom, scanPath } from '../../support/session-room.js';

const HALT = { code: 'root-emptied', message: 'It is empty.' } as const;
const PROBLEM = { kind: 'problem', code: 'no-space', message: 'The disk is full.' } as const;
const STALE = { kind: 'stale' } as const;

describe('at the beginning', () => {
  test('side a is scanned, and nothing is written before both sides have reported everything', async () => {
    const room = new SessionRoom();
    room.session.start();
    await room.rest();
    expect([room.asked('a'), room.said]).toEqual([['everything'], ['scan-started']]);
    expect(room.session.status.state).toBe('scanning');
    await room.tell('a', 'd/f:one', { whole: true });
    expect(room.said.splice(0)).toEqual(['scan-started', expect.stringMatching(/^scan-finished 1 3 \d+$/)]);
    expect([room.session.status.state, room.session.status.isConnected]).toEqual(['peer-lost', false]);
    await room.connect();
    expect([room.asked('b'), room.said.splice(0)]).toEqual([['everything'], ['peer-connected']]);
    expect([room.session.status.state, room.session.status.isConnected]).toEqual(['scanning', true]);
    expect(room.transferred('b')).toBe('');
    await room.tell('b', '', { whole: true });
    expect(room.transferred('b')).toBe('+d +d/f');
    expect([room.session.status.state, room.session.status.pending]).toEqual(['syncing', 2]);
    expect(room.session.status.left()).toEqual({ files: 2, bytes: 3 });
    await room.end('b');
    expect(room.said).toEqual([
      expect.stringMatching(/^scan-finished 0 0/),
      'synced d created a b 0 0 0',
      'synced d/f created a b 3 0 0',
      'in-sync 1 3',
    ]);
    expect([room.session.status.state, room.session.status.pending]).toEqual(['in-sync', 0]);
    expect([room.tree('b'), room.archive, room.flushed > 0]).toEqual(['d/ d/f:one', 'd/ d/f:one', true]);
  });

  test('side b may report first', async () => {
    const room = new SessionRoom();
    room.session.start();
    await room.connect();
    await room.tell('b', 'x:1', { whole: true });
    expect([room.transferred('a'), room.transferred('b'), room.session.status.state]).toEqual(['', '', 'scanning']);
    await room.tell('a', '', { whole: true });
    expect([room.transferred('a'), room.transferred('b')]).toEqual(['+x', '']);
  });

  test('differences without a first complete scan are not accepted: another scan is requested', async () => {
    const room = new SessionRoom('x:1');
    room.session.start();
    await room.connect();
    await room.tell('b', 'x:1', { whole: true });
    await room.tell('a', 'y:1');
    expect(room.tree('a')).toBe('unknown');
    expect(room.warnings).toEqual([expect.stringContaining('before it told all')]);
    expect(room.transferred('b')).toBe('');
    await room.pass(999);
    expect(room.asked('a')).toEqual([]);
    await room.pass(1);
    expect(room.asked('a')).toEqual(['everything']);
  });

  test('two equal roots need no change, and in-sync is logged once', async () => {
    const room = new SessionRoom();
    room.session.start();
    await room.connect();
    await room.tell('a', 'x:1', { whole: true });
    await room.tell('b', 'x:1', { whole: true });
    expect(room.said.filter((said) => said.startsWith('in-sync'))).toEqual(['in-sync 1 1']);
    expect(room.archive).toBe('x:1');
    await room.finds('a', '');
    expect(room.said.filter((said) => said.startsWith('in-sync'))).toHaveLength(1);
  });

  test('a path deleted on one side while no server ran is deleted on the other; an unknown one is not', async () => {
    const room = new SessionRoom('x:1 y:1 d/z:1');
    room.session.start();
    await room.connect();
    await room.tell('a', 'x:1', { whole: true, unknown: [p('d')] });
    await room.tell('b', 'x:1 y:1 d/z:1', { whole: true });
    expect(room.transferred('b')).toBe('-y');
    await room.end('b');
    await room.finds('a', 'd/z:1');
    expect([room.transferred('a'), room.transferred('b'), room.archive]).toEqual(['', '', 'd/ d/z:1 x:1']);
  });
});

describe('a change', () => {
  test.each(['a', 'b'] as const)(
    'of side %s is looked at when it is hinted at, and carried to the other',
    async (side) => {
      const room = await SessionRoom.inSync('x:1');
      const other = side === 'a' ? 'b' : 'a';
      room.replica(side).hint();
      await room.rest();
      expect([room.asked(side), room.asked(other)]).toEqual([['hinted'], []]);
      await room.tell(side, 'x:22');
      expect([room.transferred(other), room.transferred(side)]).toEqual(['*x', '']);
      room.clock.elapsed += 7;
      await room.end(other, { kind: 'done', sent: 2 });
      expect(room.said).toEqual([`synced x modified ${side} ${other} 2 2 7`, 'in-sync 1 2']);
      expect([room.tree('a'), room.tree('b'), room.archive]).toEqual(['x:22', 'x:22', 'x:22']);
    },
  );

  test('of a name transfers no content, and its event has the earlier name', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('b', '-x y:1');
    expect(room.transferred('a')).toBe('x>y');
    await room.end('a');
    expect(room.said).toEqual(['synced y renamed b a 1 0 0 x', 'in-sync 1 1']);
    expect([room.tree('a'), room.archive]).toEqual(['y:1', 'y:1']);
  });

  test('of one path on both sides is a conflict, and is logged', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.session.pause(true);
    await room.finds('a', 'x:A@5');
    await room.finds('b', 'x:B@9');
    await room.session.pause(false);
    await room.rest();
    expect(room.transferred('a')).toMatch(/^\*x\|x \(conflict A 2026-11-21 .*\)$/);
    const [change] = await room.end('a');
    expect(room.said).toContain(`conflict x b ${change!.conflictCopy}`);
    // A scan confirms the conflict copy before anything else is done with it.
    expect(room.asked('a')).toEqual([`hinted ${change!.conflictCopy}`]);
    expect(room.transferred('b')).toBe('');
    await room.tell('a', '', { entries: [{ path: change!.conflictCopy!, entry: file('A', 5) }] });
    expect(room.transferred('b')).toBe(`+${change!.conflictCopy}`);
    await room.end('b');
    expect(room.said.at(-1)).toBe('in-sync 2 2');
  });

  test('that is superseded before it has begun is recalled and planned again', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.finds('a', 'x:22');
    await room.finds('a', 'y:333');
    expect(room.transferred('b')).toBe('*x');
    await room.finds('a', 'y:4444');
    await room.end('b');
    expect(room.transferred('b')).toBe('*y');
    const [change] = await room.end('b');
    expect(change!.after).toMatchObject({ size: 4 });
    expect(room.tree('b')).toBe('x:22 y:4444');
  });

  test('a scan entry that an outcome overtook is not accepted: the path is scanned again', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    room.b.hint();
    await room.rest();
    await room.end('b');
    await room.tell('b', 'x:1');
    expect([room.tree('b'), room.asked('b')]).toEqual(['x:22', ['hinted x']]);
    expect(room.transferred('a')).toBe('');
    expect(room.said).not.toContain('in-sync 1 2');
    await room.tell('b', 'x:22');
    expect(room.said.at(-1)).toBe('in-sync 1 2');
  });

  test('in-sync is not logged while a path is not settled', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('b', 'y:1', { unsettled: 1, moving: [p('z')] });
    await room.end('a');
    expect([room.said, room.session.status.state]).toEqual([['synced y created b a 1 0 0'], 'syncing']);
    await room.finds('b', '');
    expect(room.said.at(-1)).toBe('in-sync 2 2');
  });
});

describe('a change that fails', () => {
  test('is logged once, retried, and forgotten when it is done', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    await room.end('b', PROBLEM);
    expect(room.said.splice(0)).toEqual(['problem x no-space The disk is full.', 'in-sync 1 2']);
    room.work.length = 0;
    expect(room.session.status.problems()).toEqual([{ path: 'x', code: 'no-space', message: 'The disk is full.' }]);
    await room.pass(999);
    expect([room.asked('a'), room.asked('b'), room.transferred('b')]).toEqual([[], [], '']);
    await room.pass(1);
    expect([room.asked('a'), room.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    expect(room.transferred('b')).toBe('*x');
    await room.quiet();
    await room.end('b', PROBLEM);
    expect([room.said, room.work]).toEqual([[], []]);
    await room.pass(2_000);
    await room.quiet();
    await room.end('b');
    expect(room.session.status.problems()).toEqual([]);
    expect(room.said).toEqual(['synced x modified a b 2 0 0', 'in-sync 1 2']);
  });

  test('does not keep the pair from being in sync for the rest', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.finds('a', 'x:22 y:22');
    await room.end('b', PROBLEM);
    expect(room.said).toEqual(['problem x no-space The disk is full.', 'synced y modified a b 2 0 0', 'in-sync 2 4']);
  });

  test('because the entry was not as expected is scanned again on both sides, and in-sync waits for that', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    await room.end('b', STALE);
    expect([room.said, room.session.status.state]).toEqual([[], 'syncing']);
    await room.pass(5);
    expect([room.asked('a'), room.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await room.tell('b', 'x:22');
    await room.tell('a', '');
    // The next attempt was planned before the scans.
    while (room.b.jobs.length > 0) await room.end('b', STALE);
    await room.tell('b', 'x:22');
    await room.pass(10);
    await room.quiet();
    expect([room.said, room.session.status.state]).toEqual([['in-sync 1 2'], 'in-sync']);
  });

  test('of a rename leaves both paths to be retried', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', '-x y:1');
    await room.end('b', PROBLEM);
    expect(room.said).toEqual(
      expect.arrayContaining([expect.stringMatching(/^problem y/), expect.stringMatching(/^problem x/)]),
    );
    await room.pass(1_000);
    expect(room.asked('b')).toEqual(['hinted x y'].map(() => expect.stringMatching(/^hinted [xy] [xy]$/)));
    await room.quiet();
    await room.end('b');
    expect([room.tree('b'), room.session.status.problems()]).toEqual(['y:1', []]);
  });

  test('of a directory delays the changes below it until the directory can be made', async () => {
    const room = await SessionRoom.inSync('');
    await room.finds('a', 'd/f:1');
    await room.end('b', PROBLEM, STALE);
    expect(room.said.splice(0)).toEqual(['problem d no-space The disk is full.', 'in-sync 1 1']);
    expect(room.session.status.state).toBe('in-sync');
    await room.pass(1_000);
    await room.quiet();
    expect(room.transferred('b')).toMatch(/^\+d( \+d\/f)?$/);
  });

  test('of a directory delays the large files below it, too: nothing is retried before its delay is over', async () => {
    const room = await SessionRoom.inSync('');
    const large = { ...file('1'), size: 5 << 20 };
    await room.finds('a', '', {
      entries: [
        { path: p('d'), entry: { type: 'dir', mode: 0o755 } },
        { path: p('d/large'), entry: large },
      ],
    });
    expect(room.transferred('b')).toBe('+d');
    await room.end('b', PROBLEM);
    expect([room.transferred('b'), room.session.status.left(), room.session.status.state]).toEqual([
      '',
      { files: 0, bytes: 0 },
      'in-sync',
    ]);
    await room.pass(1_000);
    await room.quiet();
    await room.end('b');
    expect(room.transferred('b')).toBe('+d/large');
  });

  test('because the directory is not empty counts as shared deletion, and the directory is created again', async () => {
    const room = await SessionRoom.inSync('d/ x:1');
    await room.finds('a', '-d');
    expect(room.transferred('b')).toBe('-d');
    await room.end('b', { kind: 'kept' });
    expect(room.transferred('a')).toBe('+d');
  });
});

describe('a halt', () => {
  const halted = async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.finds('b', '', { halt: HALT });
    return room;
  };

  test('is logged once, stops all writes, and is scanned again every second', async () => {
    const room = await halted();
    expect(room.said.splice(0)).toEqual(['halted root-emptied It is empty.']);
    expect([room.session.status.state, room.session.halt?.code, room.session.halt?.message]).toEqual([
      'halted',
      'halted',
      'It is empty.',
    ]);
    expect(room.session.status.problems()).toEqual([{ path: '', ...HALT }]);
    await room.finds('a', 'x:22');
    expect(room.transferred('b')).toBe('');
    await room.pass(1_000);
    expect([room.asked('a'), room.asked('b')]).toEqual([['everything'], ['everything']]);
    await room.tell('a', '');
    await room.tell('b', '', { halt: HALT });
    expect(room.said).toEqual([]);
    await room.pass(1_000);
    await room.tell('b', '', { halt: { code: 'mass-deletion', message: 'Too many.' } });
    expect(room.said).toEqual(['halted mass-deletion Too many.']);
  });

  test('ends when the files are back, and everything is compared', async () => {
    const room = await halted();
    await room.finds('a', 'x:22');
    room.said.length = 0;
    await room.pass(1_000);
    await room.quiet();
    expect([room.said.splice(0), room.session.halt]).toEqual([['resumed'], null]);
    expect(room.transferred('b')).toBe('*x');
    await room.end('b');
    expect(room.said.at(-1)).toBe('in-sync 2 3');
  });

  test('and in-sync is logged even if nothing was to do', async () => {
    const room = await halted();
    room.said.length = 0;
    await room.pass(1_000);
    await room.quiet();
    expect(room.said).toEqual(['resumed', 'in-sync 2 2']);
  });

  test('ends when it is confirmed: the side with the loss reports all that vanished', async () => {
    const room = await halted();
    let answer: boolean | null = null;
    void room.session.confirm({ acceptDeletes: true }).then((done) => {
      answer = done;
    });
    await room.rest();
    expect([room.a.accepted, room.b.accepted, answer]).toEqual([0, 1, null]);
    expect([room.asked('a'), room.asked('b')]).toEqual([[], ['everything']]);
    await room.tell('b', '-x -y');
    expect([answer, room.transferred('a')]).toEqual([true, '-y -x']);
  });

  test('of side a is ended in the same way', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.finds('a', '', { halt: HALT });
    const asking = room.session.confirm({ acceptDeletes: true });
    await room.rest();
    expect([room.a.accepted, room.b.accepted, room.asked('a'), room.asked('b')]).toEqual([1, 0, ['everything'], []]);
    await room.tell('a', '-x -y');
    expect([await asking, room.transferred('b')]).toEqual([true, '-y -x']);
  });

  test('that cannot be confirmed stays, and a confirmation without a halt changes nothing', async () => {
    const room = await halted();
    const asking = room.session.confirm({ acceptDeletes: true });
    await room.rest();
    await room.tell('b', '', { halt: HALT });
    expect(await asking).toBe(false);
    const other = await SessionRoom.inSync('x:1');
    expect([await other.session.confirm({ acceptDeletes: true }), other.a.accepted]).toEqual([false, 0]);
  });

  test.each([
    [{ acceptLostLocks: true }, true, null],
    [{ acceptDeletes: true }, false, 'halted'],
  ])('for lost locks is ended by its own word: %j', async (word, isAccepted, code) => {
    const room = await SessionRoom.inSync('x:1');
    room.pair.locksHalt = { code: 'locks-lost', message: 'Locks may be lost.' };
    await room.finds('a', '');
    expect([room.said, room.session.halt?.code]).toEqual([['halted locks-lost Locks may be lost.'], 'halted']);
    expect([await room.session.confirm(word), room.lostLocksAccepted]).toEqual([isAccepted, isAccepted ? 1 : 0]);
    expect(room.session.halt?.code ?? null).toBe(code);
  });

  test('that is not about locks does not take them for accepted', async () => {
    const room = await halted();
    void room.session.confirm({ acceptLostLocks: true });
    await room.rest();
    expect([room.lostLocksAccepted, room.session.halt?.code]).toEqual([0, 'halted']);
  });

  test('refuses flushes', async () => {
    const room = await halted();
    const { outcome } = room.flush();
    await room.rest();
    expect(outcome()).toBe('halted');
  });

  test('of a disconnected side ends', async () => {
    const room = await halted();
    await room.disconnect();
    expect([room.session.halt, room.said.slice(1)]).toEqual([null, ['resumed', 'peer-lost cut']]);
  });
});

describe('pausing', () => {
  test('stops transfers, not scans, and returns whether it changed anything', async () => {
    const room = await SessionRoom.inSync('x:1');
    expect(await Promise.all([room.session.pause(false), room.session.pause(true, 'ann')])).toEqual([false, true]);
    expect([await room.session.pause(true, 'bob'), room.session.status.state]).toEqual([false, 'paused']);
    expect([room.said, room.session.paused]).toEqual([['paused ann'], { by: 'ann', since: room.clock.now() }]);
    await room.finds('a', 'x:22');
    expect([room.tree('a'), room.transferred('b')]).toEqual(['x:22', '']);
    const { outcome } = room.flush();
    await room.rest();
    expect(outcome()).toBe('failed');
    expect(await room.session.pause(false, 'bob')).toBe(true);
    await room.rest();
    expect(room.transferred('b')).toBe('*x');
    await room.end('b');
    await room.quiet();
    expect(room.said).toEqual(['paused ann', 'resumed bob', 'synced x modified a b 2 0 0', 'in-sync 1 2']);
  });

  test('shows what waits', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.session.pause(true);
    await room.finds('a', 'x:22 new:333');
    await room.finds('b', '-y', { unsettled: 1, moving: [p('film')], arriving: [{ path: p('film'), size: 1_000 }] });
    const { status } = room.session;
    expect([status.pending, status.left()]).toEqual([4, { files: 4, bytes: 1_005 }]);
    expect(['x', 'new', 'y'].map((path) => status.progressOf(p(path)))).toEqual([0, null, null]);
    expect([room.transferred('a'), room.transferred('b'), room.work]).toEqual(['', '', []]);
  });

  test('interrupts what is being transferred, and goes on with it', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.a.files.set(p('x'), '22');
    await room.finds('a', 'x:22 y:333');
    const [job] = room.b.jobs;
    await room.session.pause(true);
    await expect(job!.take()).rejects.toMatchObject({ code: 'interrupted' });
    job!.fail(new Error('cut'));
    await room.rest();
    expect([room.session.status.pending, room.session.status.state]).toEqual([2, 'paused']);
    await room.session.pause(false);
    await room.pass(5);
    room.b.jobs.splice(0, 1);
    await room.quiet();
    expect(room.transferred('b')).toBe('*x +y');
  });

  test('outlasts a restart, and is said at the start', async () => {
    const before = await SessionRoom.inSync('x:1');
    await before.session.pause(true, 'ann');
    const room = new SessionRoom('x:1', before.locks);
    room.session.start();
    await room.connect();
    await room.tell('a', 'x:1', { whole: true });
    await room.tell('b', 'x:22', { whole: true });
    expect([room.session.status.state, room.session.status.pending, room.transferred('a')]).toEqual(['paused', 1, '']);
    expect(room.said[0]).toBe('paused ann 2026-11-21T14:03:22.000Z');
    expect(room.session.paused).toEqual({ by: 'ann', since: before.clock.now() });
    await room.session.pause(false);
    await room.rest();
    expect(room.transferred('a')).toBe('*x');
  });

  test('ends before both sides are said to agree, however long the disk takes', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.session.pause(true, 'ann');
    let stored = () => {};
    room.locks.disk = new Promise((resolve) => {
      stored = resolve;
    });
    const resumed = room.session.pause(false, 'ann');
    await room.rest();
    expect([room.said, room.session.status.state]).toEqual([['paused ann'], 'syncing']);
    stored();
    expect(await resumed).toBe(true);
    await room.rest();
    expect(room.said).toEqual(['paused ann', 'resumed ann', 'in-sync 1 1']);
  });

  test('is refused where it cannot be stored, and holds until the end', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.locks.isFull = true;
    await expect(room.session.pause(true)).rejects.toMatchObject({ code: 'failed' });
    expect([room.session.status.state, room.said]).toEqual(['paused', []]);
  });
});

describe('work', () => {
  const reading = (size: number) => ({
    unsettled: 1,
    moving: [p('film')],
    arriving: [{ path: p('film'), size }],
  });

  test('is said when a change is known, once, and ends with in-sync', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    expect([room.work, room.session.status.state]).toEqual([['syncing 1 2'], 'syncing']);
    await room.finds('a', 'y:333');
    await room.end('b');
    await room.end('b');
    expect([room.work, room.said.at(-1)]).toEqual([['syncing 1 2'], 'in-sync 2 5']);
  });

  test('is said while a file is still being written, again when it is much more, and is over when nothing came of it', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('b', '', reading(0));
    expect([room.work.splice(0), room.session.status.state]).toEqual([['syncing 1 0'], 'syncing']);
    await room.pass(1_000);
    await room.finds('b', '', reading(1_000));
    await room.pass(1_000);
    await room.finds('b', '', reading(5 << 20));
    await room.pass(1_000);
    await room.finds('b', '', reading(9 << 20));
    expect(room.work.splice(0)).toEqual([`syncing 1 ${5 << 20}`]);
    expect(room.session.status.transfers()).toMatchObject({
      transfers: [{ path: 'film', to: 'a', size: 9 << 20, arrived: 0, reading: true }],
      left: { files: 1, bytes: 9 << 20 },
    });
    await room.finds('b', '');
    expect([room.work, room.said, room.session.status.state]).toEqual([[], ['in-sync 1 1'], 'in-sync']);
  });

  test('is said of a scan that takes long because something has changed', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.b.hint();
    await room.rest();
    expect([room.work, room.session.status.state]).toEqual([[], 'syncing']);
    await room.pass(250);
    expect([room.work, room.said]).toEqual([['syncing 0 0'], []]);
    await room.tell('b', '');
    expect(room.said).toEqual(['in-sync 1 1']);
  });

  test('is none while everything is scanned from time to time', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.session.rescan();
    await room.rest();
    await room.pass(1_000);
    expect([room.asked('a'), room.session.status.state]).toEqual([['everything'], 'in-sync']);
    room.a.hint();
    await room.rest();
    expect(room.session.status.state).toBe('syncing');
    await room.quiet();
    expect([room.work, room.said]).toEqual([[], []]);
  });

  test('never runs backwards in what is shown of it', async () => {
    const room = await SessionRoom.inSync('x:1');
    const { status } = room.session;
    await room.finds('a', `x:${'2'.repeat(300)}`);
    room.a.files.set(p('x'), '2'.repeat(300));
    await room.b.jobs[0]!.take();
    const first = status.progress();
    expect(first).toMatchObject({ done: { files: 0, bytes: 300 }, left: { files: 1, bytes: 0 } });
    await room.finds('a', `y:${'3'.repeat(90_000)}`);
    const second = status.progress();
    expect(second.percent).toBeGreaterThanOrEqual(first.percent);
    await room.disconnect();
    expect(status.progress().percent).toBeGreaterThanOrEqual(second.percent);
    expect(status.progress().percent).toBeLessThan(100);
  });

  test('ends at a time that is kept', async () => {
    const room = await SessionRoom.inSync('x:1');
    const { status } = room.session;
    room.clock.elapsed += 5_000;
    const begun = room.clock.now();
    expect(status.lastInSync).toBe(begun);
    await room.finds('a', 'x:22');
    room.clock.elapsed += 5_000;
    expect([status.lastInSync, room.pair.meta.get('inSync')]).toEqual([begun, begun]);
    await room.end('b');
    expect(status.lastInSync).toBe(room.clock.now());
    await room.disconnect();
    room.clock.elapsed += 5_000;
    expect(status.lastInSync).toBe(room.clock.now() - 5_000);
  });
});

describe('side b disconnects', () => {
  test('and connects again: everything is compared', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.disconnect();
    expect([room.said.splice(0), room.session.status.state]).toEqual([['peer-lost cut'], 'peer-lost']);
    await room.finds('a', 'x:22');
    expect(room.transferred('b')).toBe('');
    await room.connect();
    expect([room.asked('b'), room.transferred('b'), room.session.status.state]).toEqual([
      ['everything'],
      '',
      'scanning',
    ]);
    await room.tell('b', 'x:1', { whole: true });
    expect([room.transferred('b'), room.transferred('a')]).toEqual(['*x', '-y']);
    await room.end('b');
    await room.end('a');
    expect(room.said.at(-1)).toBe('in-sync 1 2');
  });

  test('and connects again: in-sync is logged once more though nothing was to do', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.disconnect();
    await room.disconnect();
    expect(room.said.splice(0)).toEqual(['peer-lost cut']);
    await room.connect();
    await room.tell('b', 'x:1', { whole: true });
    expect(room.said).toEqual(['peer-connected', 'scan-finished 1 1 0', 'in-sync 1 1']);
  });

  test('later answers and hints of the old connection are ignored', async () => {
    const room = await SessionRoom.inSync('x:1');
    const { b } = room;
    b.hint();
    await room.rest();
    await room.disconnect();
    b.scans.shift()!.answer(scanPath('x:22'));
    b.hint();
    await room.rest();
    expect([room.tree('b'), b.scans.length]).toEqual(['x:1', 0]);
    await room.connect(new ScriptedReplica());
    b.hint();
    await room.rest();
    expect([b.scans.length, room.asked('b')]).toEqual([0, ['everything']]);
  });

  test('with a running change: the path stays claimed until that has ended, and is scanned then', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await room.finds('b', 'x:22');
    expect(room.transferred('a')).toBe('*x');
    const { jobs } = room.a;
    await room.disconnect();
    await room.connect();
    await room.tell('b', 'x:22 y:333', { whole: true });
    expect(jobs).toHaveLength(2);
    expect(jobs[1]!.paths).toEqual(['y']);
    await room.end('a');
    expect(room.said.some((said) => said.startsWith('synced x'))).toBe(false);
    await room.pass(5);
    expect([room.asked('a'), room.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await room.tell('a', 'x:22');
    await room.tell('b', 'x:22');
    await room.end('a');
    expect(room.tree('a')).toBe('x:22 y:333');
    expect(room.said.at(-1)).toBe('in-sync 2 5');
  });

  test('with a running change: it is pending until it has ended and is planned again', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('b', 'x:22');
    const { status } = room.session;
    const shown = () => [status.pending, status.left()];
    const pending = [1, { files: 1, bytes: 2 }];
    await room.disconnect();
    expect([status.state, ...shown()]).toEqual(['peer-lost', ...pending]);
    await room.connect();
    expect([status.state, ...shown()]).toEqual(['scanning', ...pending]);
    await room.tell('b', 'x:22', { whole: true });
    expect([status.state, ...shown()]).toEqual(['syncing', ...pending]);
    room.a.jobs.shift()!.fail(new Error('cut'));
    await room.rest();
    expect([status.state, ...shown()]).toEqual(['syncing', ...pending]);
    await room.pass(5);
    await room.tell('a', '');
    await room.tell('b', '');
    expect([room.transferred('a'), ...shown()]).toEqual(['*x', ...pending]);
  });

  test('with a change without an outcome: if it is there at the next scan, both sides shared it', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    const { b } = room;
    await room.disconnect();
    b.jobs[0]!.fail(new Error('cut'));
    await room.rest();
    await room.finds('a', '-x');
    await room.connect();
    await room.tell('b', 'x:22', { whole: true });
    await room.pass(5);
    await room.quiet();
    // Not an edit of side b that survives the deletion.
    expect(room.transferred('b')).toBe('-x');
    expect(room.transferred('a')).toBe('');
  });
});

describe('a scan that fails', () => {
  test('on side a is retried after a second, and logged once', async () => {
    const room = await SessionRoom.inSync('x:1');
    for (let n = 0; n < 2; n++) {
      room.a.hint();
      await room.rest();
      await room.failLook('a', 'EIO');
      await room.pass(999);
      expect(room.asked('a')).toEqual([]);
      await room.pass(1);
      expect(room.asked('a')).toEqual(['everything']);
      await room.tell('a', '');
      await room.quiet();
    }
    expect(room.warnings).toEqual(['A look at side a failed: EIO']);
  });

  test('on side b ends the connection, and nothing is planned on its earlier state', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.b.hint();
    await room.rest();
    await room.failLook('b', 'gone');
    expect([room.b.closed, room.session.status.state, room.warnings]).toEqual([
      1,
      'scanning',
      ['A look at side b failed: gone'],
    ]);
    await room.finds('a', 'x:22');
    expect(room.transferred('b')).toBe('');
    expect(room.said).toEqual([]);
  });

  test.each<[it: string, error: Error, said: string]>([
    ['is the reason that is logged', new SyncError('bad-message', 'gibberish'), 'A look at side b failed: gibberish'],
    ['because the connection ended is not the reason for its end', new SyncError('closed', 'no answer'), 'cut'],
  ])('on side b %s', async (_, error, said) => {
    const room = await SessionRoom.inSync('x:1');
    room.b.hint();
    await room.rest();
    room.b.scans.shift()!.fail(error);
    await room.rest();
    await room.disconnect();
    expect(room.said).toEqual([`peer-lost ${said}`]);
  });
});

describe('a flush', () => {
  test('waits for full scans of both sides that began after it, and for their changes', async () => {
    const room = await SessionRoom.inSync('x:1');
    room.a.hint();
    await room.rest();
    const { outcome } = room.flush();
    await room.rest();
    expect([room.asked('a'), room.asked('b')]).toEqual([['hinted'], ['everything']]);
    await room.tell('b', '');
    await room.tell('a', '');
    expect([outcome(), room.asked('a')]).toEqual(['waits', ['everything']]);
    await room.tell('a', 'x:22');
    expect(outcome()).toBe('waits');
    await room.end('b');
    expect(outcome()).toBe('done');
  });

  test('without side b waits until it connects', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.disconnect();
    const { outcome } = room.flush();
    await room.rest();
    await room.tell('a', '');
    expect(outcome()).toBe('waits');
    await room.connect();
    await room.tell('b', 'x:1', { whole: true });
    expect(outcome()).toBe('done');
  });

  test('ends when its time is over, and waits for nothing more', async () => {
    const room = await SessionRoom.inSync('x:1');
    const { signal, outcome } = room.flush();
    await room.rest();
    signal.abort();
    await room.rest();
    expect(outcome()).toBe('timeout');
    const late = room.flush();
    late.signal.abort();
    await room.rest();
    expect(late.outcome()).toBe('timeout');
    await room.quiet();
  });

  test('that was aborted before it began requests no scan', async () => {
    const room = await SessionRoom.inSync('x:1');
    await expect(room.session.flush(AbortSignal.abort())).rejects.toMatchObject({ code: 'timeout' });
    await room.rest();
    expect([room.asked('a'), room.asked('b')]).toEqual([[], []]);
  });
});

describe('stop', () => {
  test('refuses flushes and lets running transfers end', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    const { outcome } = room.flush();
    await room.rest();
    let stopped = false;
    void room.session.stop().then(() => {
      stopped = true;
    });
    await room.rest();
    expect([outcome(), stopped]).toEqual(['closed', false]);
    await room.end('b');
    expect([stopped, room.said]).toEqual([true, ['synced x modified a b 2 0 0']]);
    expect(room.archive).toBe('x:22');
  });

  test('is not shown as a pause while running transfers end', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    void room.session.stop();
    await room.rest();
    expect([room.session.status.state, room.session.paused]).toEqual(['syncing', null]);
  });

  test('does not wait longer than two seconds for them', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    let stopped = false;
    void room.session.stop().then(() => {
      stopped = true;
    });
    await room.pass(1_999);
    expect(stopped).toBe(false);
    await room.pass(1);
    expect(stopped).toBe(true);
    await room.end('b');
    expect(room.said).toEqual([]);
  });

  test('retries nothing', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', 'x:22');
    await room.end('b', PROBLEM);
    await room.session.stop();
    await room.pass(60_000);
    expect([room.asked('a'), room.transferred('b')]).toEqual([[], '']);
  });
});

describe('under a lock', () => {
  const lock = async (room: SessionRoom, side: 'a' | 'b' = 'a') => {
    const asking = room.session.lockService.ask({ kind: 'lock', path: p('x'), owner: 'ann', side, message: '' });
    await room.rest();
    expect([room.asked('a'), room.asked('b')]).toEqual([['hinted x'], ['hinted x']]);
    await room.quiet();
    expect(await asking).toMatchObject({ changed: true });
  };
  const unlock = async (room: SessionRoom) => {
    const asking = room.session.lockService.ask({ kind: 'unlock', path: p('x'), owner: 'ann', side: 'a', message: '' });
    await room.rest();
    await room.quiet();
    return asking;
  };

  test('changes of the other side are held, and take effect at the unlock', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await lock(room);
    await room.finds('b', 'x:22 y:22');
    expect(room.transferred('a')).toBe('*y');
    await room.end('a');
    expect(room.said).toContain('held x modified 1');
    expect([room.said.at(-1), room.session.status.state]).toEqual(['in-sync 2 3', 'in-sync']);
    expect(await unlock(room)).toMatchObject({ changed: true, held: 1 });
    expect(room.transferred('a')).toBe('*x');
    expect(room.session.status.state).toBe('syncing');
    await room.end('a');
    expect(room.said).toEqual(expect.arrayContaining(['applied x modified 1 1']));
    expect([room.tree('a'), room.said.at(-1)]).toEqual(['x:22 y:22', 'in-sync 2 4']);
  });

  test('an update that could not be held and was taken back is held when it is made again', async () => {
    const room = await SessionRoom.inSync('x:1 y:1');
    await lock(room);
    room.heldError = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    await room.finds('b', 'x:22');
    expect(room.session.status.problems()).toMatchObject([{ path: 'x', code: 'no-space' }]);
    await room.finds('b', 'x:1 y:22');
    expect(room.session.status.problems()).toEqual([]);
    room.heldError = null;
    await room.finds('b', 'x:22');
    expect(room.said).toContain('held x modified 1');
    await room.end('a');
  });

  test('changes of the holder are synchronised at once', async () => {
    const room = await SessionRoom.inSync('x:1');
    await lock(room);
    await room.finds('a', 'x:22');
    expect(room.transferred('b')).toBe('*x');
  });

  test('updates are held while the pair is paused, and take effect when it resumes', async () => {
    const room = await SessionRoom.inSync('x:1');
    await lock(room);
    await room.session.pause(true);
    await room.finds('b', 'x:22');
    expect(room.said).toContain('held x modified 1');
    expect(await unlock(room)).toMatchObject({ held: 1 });
    expect(room.transferred('a')).toBe('');
    await room.session.pause(false);
    await room.rest();
    expect(room.transferred('a')).toBe('*x');
  });

  test('a lock waits for a running transfer of its path', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('b', 'x:22');
    const asking = room.session.lockService.ask({ kind: 'lock', path: p('x'), owner: 'ann', side: 'a', message: '' });
    await room.rest();
    await room.quiet();
    expect(room.lockState.table.locks.size).toBe(0);
    await room.end('a');
    await room.quiet();
    expect(await asking).toMatchObject({ changed: true });
  });

  test('an unlock while the pair is halted takes effect when it resumes', async () => {
    const room = await SessionRoom.inSync('x:1');
    await lock(room);
    await room.finds('b', 'x:22');
    await room.finds('a', '', { halt: HALT });
    const asking = room.session.lockService.ask({ kind: 'unlock', path: p('x'), owner: 'ann', side: 'a', message: '' });
    await room.rest();
    await room.tell('a', '', { halt: HALT });
    await room.tell('b', '');
    expect(await asking).toMatchObject({ held: 1 });
    await room.rest();
    expect(room.transferred('a')).toBe('');
    await room.pass(1_000);
    await room.quiet();
    expect(room.transferred('a')).toBe('*x');
  });

  test('a request while side b is disconnected waits for a scan of side a, and of side b once it connects', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.disconnect();
    const asking = room.session.lockService.ask({ kind: 'lock', path: p('x'), owner: 'ann', side: 'a', message: '' });
    await room.rest();
    expect(room.asked('a')).toEqual(['hinted x']);
    await room.connect();
    expect(room.asked('b')).toEqual(['everything x']);
    await room.tell('a', '');
    expect(room.lockState.table.locks.size).toBe(0);
    await room.tell('b', 'x:1', { whole: true });
    expect(await asking).toMatchObject({ changed: true });
  });
});

describe('what is logged', () => {
  test('the problems of scans: each once, as long as it lasts', async () => {
    const room = await SessionRoom.inSync('x:1');
    const problems = [{ path: 'y', code: 'unreadable', message: 'No.' }] as const;
    await room.finds('a', '', { problems });
    await room.finds('b', '', { problems: [...problems, { path: 'z', code: 'unreadable', message: 'No.' }] });
    expect(room.said).toEqual(['problem y unreadable No.', 'problem z unreadable No.']);
    expect(room.session.status.problems()).toHaveLength(3);
    await room.finds('a', '');
    await room.finds('b', '');
    await room.finds('a', '', { problems });
    expect(room.said).toHaveLength(3);
  });

  test.each<['root-missing' | 'root-replaced' | 'root-emptied', Advice]>([
    ['root-missing', advise`No command ends this halt: see ${{ do: 'status' }}`],
    ['root-replaced', advise`No command ends this halt: see ${{ do: 'status' }}`],
    ['root-emptied', advise`See: ${{ do: 'status' }}`],
  ])('of a halt by %s, to who asks', async (code, advice) => {
    const room = await SessionRoom.inSync('x:1');
    await room.finds('a', '', { halt: { code, message: 'Why.' } });
    expect(room.session.halt).toMatchObject({ code: 'halted', message: 'Why.', advice });
  });

  test('nothing of a conflict whose resolution failed, also when the path changes later', async () => {
    const room = await SessionRoom.inSync('x:1');
    await room.session.pause(true);
    await room.finds('a', 'x:A@5');
    await room.finds('b', 'x:B@9');
    await room.session.pause(false);
    await room.rest();
    await room.end('a', STALE);
    await room.pass(5);
    await room.tell('a', 'x:B@9');
    await room.tell('b', '');
    while (room.a.jobs.length > 0) await room.end('a', STALE);
    await room.tell('a', 'x:B@9');
    await room.pass(10);
    await room.quiet();
    await room.finds('b', 'x:C@9');
    if (room.a.jobs.length > 0) await room.end('a');
    expect(room.said.filter((said) => said.startsWith('conflict'))).toEqual([]);
  });
});
