// Which side shows which locks: what is told when a side connects, and with each change.
import { expect, test } from 'vitest';
import type { AutoLock } from '../../../src/core/locks/records.js';
import type { Side } from '../../../src/core/path.js';
import type { ShownLock } from '../../../src/replica.js';
import { LockShowing } from '../../../src/sync/locks/showing.js';
import { file, p, turn } from '../../support/disk-site.js';
import { FakeReplica } from '../../support/fake-replica.js';
import { LockFixture } from '../../support/lock-fixture.js';
import { HandClock } from '../../support/session-fixture.js';

class Shown extends FakeReplica {
  readonly #told: string[] = [];
  error: Error | null = null;
  async showLocks(locks: readonly ShownLock[], anew: boolean): Promise<void> {
    if (this.error !== null) throw this.error;
    const texts = locks.map(({ path, holder }) => `${path}=${holder === null ? '' : `${holder.user}/${holder.host}`}`);
    this.#told.push([...(anew ? ['anew'] : []), ...texts].join(' '));
  }
  take = () => this.#told.splice(0);
}

function open(isOn = true) {
  const paths = ['x.odt', 'y.odt', 'z.txt', 'p.png'];
  const fixture = new LockFixture(Object.fromEntries(paths.map((path) => [path, file(path)])));
  const clock = new HandClock();
  const lock = (path: string, side: Side, owner = 'ann', auto?: AutoLock) => {
    const how = auto === undefined ? {} : { auto };
    fixture.lockState.dispatch({ kind: 'lock', path: p(path), owner, side, message: '', now: 1, ...how });
  };
  const unlock = (path: string, owner = 'ann') =>
    fixture.lockState.dispatch({ kind: 'unlock', path: p(path), owner, current: file(path), now: 2 });
  lock('y.odt', 'a');
  const showing = new LockShowing({ lockState: fixture.lockState, clock, isOn });
  const [a, b] = [new Shown(), new Shown()];
  /** What both sides were told after a while. */
  const told = async () => {
    await turn();
    clock.pass(20);
    await turn();
    return [a.take(), b.take()];
  };
  const join = async () => {
    await turn();
    showing.joined('a', a);
    showing.joined('b', b);
    await turn();
    return [a.take(), b.take()];
  };
  return { fixture, clock, lock, unlock, showing, a, b, told, join };
}

test('a side that connects is told everything, what was there before, too', async () => {
  const { lock, join } = open();
  lock('x.odt', 'b', 'bob@pc');
  expect(await join()).toEqual([['anew x.odt=bob/pc'], ['anew y.odt=ann/side a']]);
});

test('locks that begin and end are told to the other side, many at once in one message', async () => {
  const { lock, unlock, join, told } = open();
  await join();
  lock('x.odt', 'a', 'Ann', { app: 'LibreOffice', account: 'ann@pc' });
  unlock('y.odt');
  expect(await told()).toEqual([[], ['x.odt=Ann/pc y.odt=']]);
  unlock('x.odt', 'Ann');
  lock('x.odt', 'b');
  expect(await told()).toEqual([['x.odt=ann/side b'], ['x.odt=']]);
});

test('a lock that ends at once is never shown', async () => {
  const { lock, unlock, join, told } = open();
  await join();
  lock('x.odt', 'a');
  unlock('x.odt');
  expect((await told()).flat().join()).not.toContain('ann');
});

test('what no program shows is not told, and a text file only where it is edited in Emacs or Vim', async () => {
  const { lock, unlock, join, told } = open();
  await join();
  lock('p.png', 'a');
  lock('z.txt', 'a');
  expect(await told()).toEqual([[], []]);
  unlock('z.txt');
  lock('z.txt', 'a', 'ann@pc', { app: 'Vim', account: null });
  expect(await told()).toEqual([[], ['z.txt=ann/pc']]);
});

test('a side that was away is told everything anew, and nothing of what happened meanwhile is told twice', async () => {
  const { lock, showing, join, told } = open();
  await join();
  showing.left('b');
  lock('x.odt', 'a');
  await turn();
  const again = new Shown();
  showing.joined('b', again);
  await told();
  expect(again.take()).toEqual(['anew y.odt=ann/side a x.odt=ann/side a']);
});

test('a side that cannot show locks does not stop what follows', async () => {
  const { lock, unlock, b, join, told } = open();
  await join();
  b.error = new Error('an earlier version');
  lock('x.odt', 'a');
  await told();
  b.error = null;
  unlock('x.odt');
  expect(await told()).toEqual([[], ['x.odt=']]);
});

test('without it, what an earlier run showed is taken away, and nothing is shown', async () => {
  const { lock, unlock, join, told } = open(false);
  expect(await join()).toEqual([['anew'], ['anew']]);
  lock('x.odt', 'a');
  unlock('y.odt');
  expect(await told()).toEqual([[], []]);
});

test('a lock is shown once it is on disk, also to a side that connects before', async () => {
  const { lock, clock, showing, a, b } = open();
  await turn();
  showing.joined('b', b);
  lock('x.odt', 'a');
  showing.joined('a', a);
  lock('p.png', 'b');
  clock.pass(20);
  expect([a.take(), b.take()]).toEqual([[], []]);
  await turn();
  clock.pass(20);
  await turn();
  expect([a.take(), b.take()]).toEqual([['anew'], ['anew y.odt=ann/side a', 'x.odt=ann/side a']]);
});
