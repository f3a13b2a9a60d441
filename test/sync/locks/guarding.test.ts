// Which side guards which paths: after each lock and unlock, and when a side connects.
import { describe, expect, test } from 'vitest';
import type { RelPath, Side } from '../../../src/core/path.js';
import { Guarding } from '../../../src/sync/locks/guarding.js';
import { file, p, turn } from '../../support/disk-site.js';
import { FakeReplica } from '../../support/fake-replica.js';
import { LockFixture } from '../../support/lock-fixture.js';

class Guarded extends FakeReplica {
  readonly told: string[] = [];
  wait: Promise<void> = Promise.resolve();
  async guard(paths: readonly RelPath[], on: boolean): Promise<void> {
    await this.wait;
    this.told.push(`${on ? '+' : '-'}${paths.join(' ')}`);
  }
  take = () => this.told.splice(0);
}

function open(isOn: boolean) {
  const fixture = new LockFixture({ x: file('x'), y: file('y') });
  const lock = (path: string, side: Side) =>
    fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner: 'ann', side, message: '', now: 1 });
  const unlock = (path: string) =>
    fixture.lockState.dispatch({ kind: 'unlock', path: p(path), owner: 'ann', current: file(path), now: 2 });
  lock('y', 'a');
  const guarding = new Guarding(fixture.lockState, () => isOn);
  return { guarding, lock, unlock, a: new Guarded(), b: new Guarded() };
}

describe('with --guard', () => {
  test('a side that connects gives back what it guarded before, and guards what the other side has locked', async () => {
    const { guarding, a, b, lock } = open(true);
    lock('x', 'b');
    guarding.joined('a', a);
    guarding.joined('b', b);
    await turn();
    expect([a.take(), b.take()]).toEqual([
      ['-', '+x'],
      ['-', '+y'],
    ]);
  });

  test('each lock and unlock is sent to the other side of the holder', async () => {
    const { guarding, a, b, lock, unlock } = open(true);
    guarding.joined('a', a);
    guarding.joined('b', b);
    await turn();
    a.take();
    b.take();
    lock('x', 'b');
    unlock('y');
    lock('x', 'b');
    await turn();
    expect([a.take(), b.take()]).toEqual([['+x'], ['-y']]);
    unlock('x');
    lock('x', 'a');
    await turn();
    expect([a.take(), b.take()]).toEqual([['-x'], ['+x']]);
  });

  test('a path unlocked while a side is disconnected is not guarded when it is back', async () => {
    const { guarding, b, unlock, lock } = open(true);
    guarding.joined('b', b);
    guarding.left('b');
    unlock('y');
    lock('x', 'a');
    await turn();
    expect(b.take()).toEqual([]);
    const again = new Guarded();
    guarding.joined('b', again);
    await turn();
    expect(again.take()).toEqual(['-', '+x']);
  });

  test('calls follow one another, and a failed one does not stop the next', async () => {
    const { guarding, b, lock, unlock } = open(true);
    let go: () => void = () => {};
    b.wait = new Promise((resolve) => {
      go = resolve;
    });
    guarding.joined('b', b);
    lock('x', 'a');
    unlock('x');
    await turn();
    expect(b.take()).toEqual([]);
    go();
    await turn();
    expect(b.take()).toEqual(['-', '+y', '+x', '-x']);
    b.wait = Promise.reject(new Error('cut'));
    b.wait.catch(() => {});
    lock('x', 'a');
    await turn();
    b.wait = Promise.resolve();
    unlock('x');
    await turn();
    expect(b.take()).toEqual(['-x']);
  });

  test('a side that has nothing to guard only gives back', async () => {
    const { guarding, a } = open(true);
    guarding.joined('a', a);
    await turn();
    expect(a.take()).toEqual(['-']);
  });
});

test('without it, what an earlier run guarded is given back, and nothing is guarded', async () => {
  const { guarding, b, lock, unlock } = open(false);
  guarding.joined('b', b);
  lock('x', 'a');
  unlock('y');
  await turn();
  expect(b.take()).toEqual(['-']);
});

test('rules say which paths are guarded, and others do so at once', async () => {
  const fixture = new LockFixture({ x: file('x'), y: file('y'), z: file('z') });
  const lock = (path: string, side: Side) =>
    fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner: 'ann', side, message: '', now: 1 });
  let rule = ['x'];
  const guarding = new Guarding(fixture.lockState, (path) => rule.includes(path));
  const b = new Guarded();
  guarding.joined('b', b);
  lock('x', 'a');
  lock('y', 'a');
  await turn();
  expect(b.take()).toEqual(['-', '+x']);
  rule = ['y', 'z'];
  guarding.refresh();
  guarding.refresh();
  await turn();
  expect(b.take()).toEqual(['-x', '+y']);
  lock('z', 'a');
  rule = [];
  guarding.refresh();
  await turn();
  expect(b.take()).toEqual(['+z', '-y', '-z']);
  // What was guarded when a lock began is given back with it, whatever the rules are then.
  rule = ['x'];
  guarding.refresh();
  rule = [];
  fixture.lockState.dispatch({ kind: 'unlock', path: p('x'), owner: 'ann', current: file('x'), now: 2 });
  await turn();
  expect(b.take()).toEqual(['+x', '-x']);
});
