// Which of two different contents both sides have in the end: told before it is done, and what is done then.
import { describe, expect, test } from 'vitest';
import type { Side } from '../../../src/core/path.js';
import { leadingSide } from '../../../src/core/reconcile/leader.js';
import { type Override, reconcile } from '../../../src/core/reconcile/reconcile.js';
import { entryOf } from '../../../src/core/snapshot.js';
import { snapshotOf, tree } from '../../support/core/tree.js';
import { p } from '../../support/disk-site.js';

type Row = [it: string, was: string, a: string, b: string, leads: Side, given?: Override | Side];

const rows: Row[] = [
  ['a alone has changed', 'x:1@9', 'x:2@5', 'x:1@9', 'a'],
  ['b alone has changed', 'x:1@9', 'x:1@9', 'x:2@5', 'b'],
  ['b alone has changed, a only its time', 'x:1@1', 'x:1@9', 'x:2@5', 'b'],
  ['both have, a later', 'x:1', 'x:2@9', 'x:3@5', 'a'],
  ['both have, b later', 'x:1', 'x:2@5', 'x:3@9', 'b'],
  ['both have at once', 'x:1', 'x:2@5', 'x:3@5', 'a'],
  ['both have, b holds the lock', 'x:1', 'x:2@9', 'x:3@5', 'b', 'b'],
  ['a has deleted it', 'x:1', '', 'x:1', 'a'],
  ['a has deleted it, b changed it', 'x:1', '', 'x:2', 'b'],
  ['b has deleted it, a changed it', 'x:1', 'x:2', '', 'a'],
  ['b has changed it, and a is to stay', 'x:1', 'x:1', 'x:2', 'a', { side: 'a', other: 'copy' }],
  ['a has deleted it, and is to stay', 'x:1', '', 'x:2', 'a', { side: 'a', other: 'discard' }],
  ['a has deleted it, and is to stay, and b to be kept', 'x:1', '', 'x:2', 'b', { side: 'a', other: 'copy' }],
];

describe('the leading side', () => {
  test.each(rows)('where %s', (_, was, a, b, leads, given) => {
    const options = {
      winner: () => (typeof given === 'string' ? given : null),
      overrides: () => (typeof given === 'object' ? given : null),
    };
    const [archive, ...sides] = [was, a, b].map((text) => snapshotOf(tree(text)));
    const [o, x, y] = [archive!, ...sides].map((side) => entryOf(side.get(p('x'))));
    expect(leadingSide(p('x'), { o: o!, a: x!, b: y! }, options)).toBe(leads);

    const plan = reconcile(archive!, sides[0]!, sides[1]!, {
      ...options,
      ...{ firstContact: false, pinned: () => false, copyName: () => p('copy') },
    });
    const follows = leads === 'a' ? plan.toB : plan.toA;
    expect(follows.find(({ path }) => path === 'x')).toMatchObject({ after: leads === 'a' ? x : y });
  });
});
