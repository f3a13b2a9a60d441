// The registry of claims: who holds which path, by a table of claims and questions, and against a list that is searched.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RelPath, Side } from '../../../src/core/path.js';
import { type Claim, type ClaimKind, Claims } from '../../../src/sync/pair/claims.js';
import { p } from '../../support/disk-site.js';

/** `kind path`, with `/**` behind a path that is claimed with everything below it. */
function claimed(...words: string[]): { claims: Claims; made: Claim[] } {
  const claims = new Claims();
  const made = words.map((text) => {
    const [kind, path = ''] = text.split(' ');
    return claims.claim(p(path.replace(/\/\*\*$/, '')), kind as ClaimKind, path.endsWith('/**'));
  });
  return { claims, made };
}

const table: [it: string, claims: string[], path: string, heldBy: ClaimKind | null][] = [
  ['nobody', [], 'f', null],
  ['the path itself', ['transfer f'], 'f', 'transfer'],
  ['another path', ['transfer f'], 'g', null],
  ['a path that begins alike', ['transfer f'], 'f2', null],
  ['a directory, itself', ['transfer d'], 'd/f', null],
  ['a directory with all below it', ['client-write d/**'], 'd/f', 'client-write'],
  ['deep below', ['client-write d/**'], 'd/e/f', 'client-write'],
  ['the directory of a deep claim', ['client-write d/**'], 'd', 'client-write'],
  ['beside a deep claim', ['client-write d/**'], 'd2/f', null],
  ['above what is claimed', ['transfer d/f'], 'd', null],
  ['two at one path, the stronger', ['unconfirmed f', 'transfer f'], 'f', 'transfer'],
  ['a transfer before a write', ['client-write f', 'transfer f'], 'f', 'transfer'],
  ['a write before what a lost connection left', ['disconnected-peer f', 'client-write f'], 'f', 'client-write'],
  ['the path itself before a directory above', ['client-write d/**', 'held-update d/f'], 'd/f', 'held-update'],
  ['a held update after all others', ['held-update f', 'unconfirmed f'], 'f', 'unconfirmed'],
];

describe('who holds a path', () => {
  test.each(table)('%s', (_, words, path, heldBy) => {
    expect(claimed(...words).claims.heldBy(p(path))).toBe(heldBy);
  });

  test.each<[it: string, claims: string[], among: ClaimKind[], heldBy: ClaimKind | null]>([
    ['one that counts', ['held-update f'], ['held-update'], 'held-update'],
    ['one that does not', ['held-update f'], ['transfer', 'unconfirmed'], null],
    ['the first of those that count', ['unconfirmed f', 'transfer f'], ['unconfirmed', 'transfer'], 'unconfirmed'],
  ])('among some: %s', (_, words, among, heldBy) => {
    expect(claimed(...words).claims.heldBy(p('f'), among)).toBe(heldBy);
  });

  test('is listed below a directory, without the directory itself', () => {
    const { claims } = claimed('transfer d', 'transfer d/f', 'held-update d/e/g', 'transfer d2/f');
    expect([...claims.below(p('d'))].map(({ path }) => path)).toEqual(['d/f', 'd/e/g']);
  });
});

describe('a release', () => {
  test('frees the path, once every claim on it is released, and may come twice', () => {
    const { claims, made } = claimed('transfer f', 'unconfirmed f');
    claims.release(made[0]!);
    claims.release(made[0]!);
    expect([claims.heldBy(p('f')), claims.count('transfer')]).toEqual(['unconfirmed', 0]);
    claims.release(made[1]!);
    expect([claims.heldBy(p('f')), claims.count('unconfirmed')]).toEqual([null, 0]);
  });

  test('of a deep claim frees what is below', () => {
    const { claims, made } = claimed('client-write d/**', 'client-write e/**');
    claims.release(made[0]!);
    expect([claims.heldBy(p('d/f')), claims.heldBy(p('e/f'))]).toEqual([null, 'client-write']);
  });

  test('calls listeners only where a write began', () => {
    const { claims, made } = claimed('transfer f', 'transfer g');
    const told: string[] = [];
    claims.onRelease(({ path, writes }) => told.push(`${path} ${writes.join()}`));
    claims.begin(made[0]!, 'b');
    for (const claim of made) claims.release(claim);
    expect(told).toEqual(['f b']);
  });
});

describe('writing', () => {
  test('is known by side, until the release', () => {
    const { claims, made } = claimed('transfer f', 'held-update g');
    claims.begin(made[0]!, 'a');
    claims.begin(made[1]!, 'a', 'b');
    const written = (side: Side) => [...claims.writing(side)];
    expect([written('a'), written('b')]).toEqual([['f', 'g'], ['g']]);
    expect([claims.isWriting('a', p('f')), claims.isWriting('b', p('f'))]).toEqual([true, false]);
    for (const claim of made) claims.release(claim);
    expect([written('a'), written('b'), claims.isWriting('a', p('f'))]).toEqual([[], [], false]);
  });

  test('counts on both sides for a client, and below a directory with a deep claim', () => {
    const { claims } = claimed('client-write d/**');
    expect([claims.isWriting('a', p('d/f')), claims.isWriting('b', p('d')), claims.isWriting('a', p('g'))]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('goes on under another holder when the connection is lost', () => {
    const { claims, made } = claimed('transfer f');
    claims.begin(made[0]!, 'a');
    claims.handOver(made[0]!, 'disconnected-peer');
    expect([claims.heldBy(p('f')), claims.count('transfer'), claims.count('disconnected-peer')]).toEqual([
      'disconnected-peer',
      0,
      1,
    ]);
    expect(claims.isWriting('a', p('f'))).toBe(true);
  });
});

test('agrees with a searched list, whatever is claimed and released', () => {
  const paths = ['d', 'd/e', 'd/e/f', 'd/g', 'h'].map(p);
  const kinds: ClaimKind[] = ['transfer', 'client-write', 'disconnected-peer', 'unconfirmed', 'held-update'];
  const act = fc.record({
    release: fc.boolean(),
    nth: fc.nat(9),
    path: fc.constantFrom(...paths),
    by: fc.constantFrom(...kinds),
    deep: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const claims = new Claims();
      const list: Claim[] = [];
      for (const { release, nth, path, by, deep } of acts) {
        if (!release) list.push(claims.claim(path, by, deep));
        else if (list.length > 0) claims.release(list.splice(nth % list.length, 1)[0]!);
      }
      const holds = (claim: Claim, path: RelPath) =>
        claim.path === path || (claim.deep && path.startsWith(`${claim.path}/`));
      for (const path of paths) {
        const heldBy = claims.heldBy(path);
        const held = list.filter((claim) => holds(claim, path)).map(({ by }) => by);
        expect(heldBy === null ? held.length === 0 : held.includes(heldBy)).toBe(true);
        for (const kind of kinds) expect(claims.heldBy(path, [kind]) === kind).toBe(held.includes(kind));
      }
      for (const kind of kinds) expect(claims.count(kind)).toBe(list.filter(({ by }) => by === kind).length);
    }),
  );
});
