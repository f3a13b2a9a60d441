// Which scan entries are accepted while writes run: rows of the writes around a scan, its entries, which of them are
// accepted, and what is requested next.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import type { RelPath, Side } from '../../../src/core/path.js';
import { Claims } from '../../../src/sync/pair/claims.js';
import { InFlight } from '../../../src/sync/session/in-flight.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { dir, file, p } from '../../support/disk-site.js';

function open(known = '') {
  const claims = new Claims();
  const snapshot = snapshotOf(tree(known));
  const inFlight = new InFlight(claims, { side: () => ({ snapshot }) as never });
  const write = (path: string, side: Side = 'a') => {
    const claim = claims.claim(p(path), 'transfer');
    claims.begin(claim, side);
    return () => claims.release(claim);
  };
  /** Entries of a scan: `x` a file, `d/` a directory, `-x` nothing. @returns the accepted ones. */
  const says = (words: string, side: Side = 'a'): string => {
    const entries = words.split(' ').map((word): { path: RelPath; entry: Entry | null } => {
      if (word.startsWith('-')) return { path: p(word.slice(1)), entry: null };
      return word.endsWith('/') ? { path: p(word.slice(0, -1)), entry: dir() } : { path: p(word), entry: file('x') };
    });
    return inFlight
      .accepted(side, entries)
      .map(({ path }) => path)
      .join(' ');
  };
  const due = (side: Side = 'a') => inFlight.takeDue(side).join(' ');
  const scan = (side: Side = 'a', unknown: string[] = []) => {
    const asked = inFlight.takeDue(side);
    inFlight.scanBegins(side);
    inFlight.scanEnds(side, asked, unknown.map(p));
    return asked.join(' ');
  };
  return { claims, inFlight, write, says, due, scan };
}

const isUnconfirmed = ({ claims }: ReturnType<typeof open>, path: string) => claims.heldBy(p(path)) === 'unconfirmed';

describe('a scan while a path is written', () => {
  test.each<[it: string, known: string, written: string, says: string, accepted: string, due: string]>([
    ['is not accepted for that path', '', 'x', 'x y', 'y', 'x'],
    ['nor for a path below it', '', 'd', 'd/x e', 'e', 'd/x'],
    ['nor that a directory above it is gone', 'd/x:1 d/y:1', 'd/x', '-d e', 'e', 'd d/x d/y'],
    ['nor that a file stands there', '', 'd/e/x', 'd', '', 'd d/e/x'],
    ['but that a directory above it is there', '', 'd/x', 'd/', 'd', ''],
    ['nor does it matter what stands beside it', '', 'd/x', 'd/y da -dd', 'd/y da dd', ''],
    [
      'a directory that may be gone is asked for with all that was in it',
      'd/x:1 d/e/y:1',
      'd',
      '-d',
      '',
      'd d/x d/e d/e/y',
    ],
    ['one that is there is asked for alone', 'd/x:1', 'd', 'd/', '', 'd'],
  ])('%s', (_, known, written, says, accepted, due) => {
    const scene = open(known);
    const release = scene.write(written);
    expect(scene.says(says)).toBe(accepted);
    const wanted = due.split(' ').filter((path) => path !== '');
    for (const path of wanted) expect([path, scene.claims.heldBy(p(path))]).not.toEqual([path, null]);
    expect(scene.inFlight.isIdle).toBe(wanted.length === 0);
    release();
    expect(scene.due().split(' ').sort().join(' ')).toBe(wanted.sort().join(' '));
    expect(scene.inFlight.isIdle).toBe(true);
  });

  test('is accepted on the other side', () => {
    const { write, says } = open();
    write('x', 'b');
    expect([says('x', 'a'), says('x', 'b')]).toEqual(['x', '']);
  });

  test('of a write that ended during it is not accepted either; the next one is', () => {
    const { inFlight, write, says, due } = open();
    const release = write('x');
    inFlight.scanBegins('a');
    release();
    expect(says('x')).toBe('');
    expect(due()).toBe('x');
    inFlight.scanBegins('a');
    expect(says('x')).toBe('x');
  });

  test('that reports everything is accepted, and overtaken paths are requested', () => {
    const scene = open();
    const release = scene.write('x');
    scene.inFlight.scanBegins('a');
    release();
    scene.inFlight.scannedAll('a');
    expect([isUnconfirmed(scene, 'x'), isUnconfirmed(scene, 'y'), scene.due()]).toEqual([true, false, 'x']);
  });

  test('a claim without a write does not matter, nor does its end', () => {
    const { claims, inFlight, says } = open();
    const claim = claims.claim(p('x'), 'transfer');
    expect(says('x')).toBe('x');
    inFlight.scanBegins('a');
    claims.release(claim);
    expect(says('x')).toBe('x');
  });
});

describe('an unconfirmed path', () => {
  test('is requested when nobody writes at it, above it or below it', () => {
    const { inFlight, write, due } = open();
    for (const path of ['d', 'd/x', 'd/x/y', 'e']) inFlight.markDirty('a', p(path));
    const release = write('d/x');
    expect(due()).toBe('e');
    expect(inFlight.isIdle).toBe(false);
    release();
    expect(due()).toBe('d d/x d/x/y');
    expect(due()).toBe('');
  });

  test('is requested on its own side', () => {
    const { inFlight, due } = open();
    inFlight.markDirty('b', p('x'));
    expect([inFlight.isIdle, due('a'), due('b'), inFlight.isIdle]).toEqual([false, '', 'x', true]);
  });

  test('stays unconfirmed until a scan that began after the request has ended', () => {
    const scene = open();
    const { inFlight } = scene;
    inFlight.markDirty('a', p('x'));
    inFlight.scanBegins('a');
    expect(scene.due()).toBe('x');
    inFlight.scanEnds('a', [], []);
    expect(isUnconfirmed(scene, 'x')).toBe(true);
    inFlight.scanBegins('a');
    expect(isUnconfirmed(scene, 'x')).toBe(true);
    inFlight.scanEnds('a', [p('x')], []);
    expect(isUnconfirmed(scene, 'x')).toBe(false);
  });

  test.each([
    ['became unconfirmed again', (scene: ReturnType<typeof open>) => scene.inFlight.markDirty('a', p('x'))],
    [
      'was asked for again',
      (scene: ReturnType<typeof open>) => {
        scene.inFlight.markDirty('a', p('x'));
        scene.due();
      },
    ],
  ])('and longer where it %s', (_, again) => {
    const scene = open();
    scene.inFlight.markDirty('a', p('x'));
    scene.due();
    scene.inFlight.scanBegins('a');
    again(scene);
    scene.inFlight.scanEnds('a', [p('x')], []);
    expect(isUnconfirmed(scene, 'x')).toBe(true);
    scene.scan();
    if (isUnconfirmed(scene, 'x')) scene.scan();
    expect(isUnconfirmed(scene, 'x')).toBe(false);
  });

  test('has one claim, however often it became unconfirmed', () => {
    const { claims, inFlight, scan } = open();
    for (let n = 0; n < 3; n++) inFlight.markDirty('a', p('x'));
    expect(claims.count('unconfirmed')).toBe(1);
    scan();
    expect(claims.count('unconfirmed')).toBe(0);
  });

  test('is requested again after a scan that failed', () => {
    const scene = open();
    scene.inFlight.markDirty('a', p('x'));
    scene.due();
    scene.inFlight.scanBegins('a');
    scene.inFlight.scanFailed('a');
    scene.inFlight.scanEnds('a', [], []);
    expect(isUnconfirmed(scene, 'x')).toBe(true);
    scene.inFlight.scanBegins('a');
    scene.inFlight.scanEnds('a', [p('x')], []);
    expect(isUnconfirmed(scene, 'x')).toBe(false);
  });

  test('that is not visible is requested when it is', () => {
    const scene = open();
    for (const path of ['d/x', 'e']) scene.inFlight.markDirty('a', p(path));
    expect(scene.scan('a', ['d'])).toBe('d/x e');
    expect([scene.inFlight.isIdle, scene.due()]).toEqual([true, '']);
    scene.scan('a', ['d', 'f']);
    expect(scene.due()).toBe('');
    scene.scan('a', ['d/y']);
    expect([isUnconfirmed(scene, 'd/x'), scene.scan()]).toEqual([true, 'd/x']);
    expect([isUnconfirmed(scene, 'd/x'), scene.scan()]).toEqual([false, '']);
  });

  test('is forgotten with its side', () => {
    const scene = open();
    scene.inFlight.markDirty('b', p('x'));
    scene.inFlight.markDirty('b', p('y'));
    scene.inFlight.markDirty('a', p('z'));
    scene.due('b');
    scene.inFlight.markDirty('b', p('w'));
    scene.inFlight.forget('b');
    expect([scene.claims.count('unconfirmed'), scene.due('b'), scene.due('a')]).toEqual([1, '', 'z']);
  });

  test('released and hidden paths are forgotten with their side, too', () => {
    const scene = open();
    const release = scene.write('x', 'b');
    scene.inFlight.scanBegins('b');
    release();
    scene.inFlight.markDirty('b', p('h'));
    scene.inFlight.scanEnds('b', [p('h')], [p('h')]);
    scene.inFlight.forget('b');
    expect(scene.says('x', 'b')).toBe('x');
    scene.scan('b');
    expect(scene.due('b')).toBe('');
  });
});
