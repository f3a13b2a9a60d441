// Conflict copies as clients see them, and the steps that resolve them. The pair is two trees; the writes are only
// recorded.

import { describe, expect, test } from 'vitest';
import { advise } from '../../../src/core/advice.js';
import type { Entry } from '../../../src/core/entry.js';
import type { ListedFile } from '../../../src/core/listing.js';
import type { RelPath } from '../../../src/core/path.js';
import type { Content, Wanted } from '../../../src/replica.js';
import { Resolving } from '../../../src/sync/files/resolve-conflict.js';
import type { ClientWrite, WriteStep } from '../../../src/sync/files/write.js';
import { file, showChanges } from '../../support/core/tree.js';
import { link, p, turn } from '../../support/disk-site.js';

const STAMP = '2026-11-21 14-03-22';
const copyOf = (name: string, side = 'B', stamp = STAMP, more = '') => `${name} (conflict ${side} ${stamp})${more}`;

function open(a: Record<string, Entry>, b: Record<string, Entry> = a, claimed: readonly string[] = []) {
  const paths = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const files = paths.map((path): ListedFile => {
    const on = path in a && path in b ? 'both' : path in a ? 'a' : 'b';
    return { path: p(path), entry: (a[path] ?? b[path]) as ListedFile['entry'], on };
  });
  const asked: ClientWrite[] = [];
  const steps: WriteStep[] = [];
  const read: (readonly Wanted[])[] = [];
  const resolving = new Resolving({
    files: () => files,
    pair: { entry: (side: string, path: string) => (side === 'a' ? a : b)[path] ?? null } as never,
    writes: {
      ask: async (write: ClientWrite) => {
        await turn();
        asked.push(write);
        steps.push(...write.decide((path: RelPath) => a[path] ?? null));
        return steps.map(({ change }) => change);
      },
      isClaimed: (path: string) => claimed.includes(path),
    } as never,
    local: {
      read: (wanted: readonly Wanted[]) => {
        read.push(wanted);
        return (async function* (): AsyncGenerator<Content> {})();
      },
    },
  });
  return { resolving, asked, steps, read };
}

describe('conflicts', () => {
  test('are listed with all their fields', () => {
    const copy = copyOf('plan');
    const { resolving } = open(
      { plan: file('new', 2_000_000), [copy]: file('older', 1_000_000) },
      { plan: file('new') },
    );
    expect(resolving.conflicts()).toEqual([
      {
        path: 'plan',
        copy,
        side: 'b',
        time: new Date('2026-11-21T14:03:22').toISOString(),
        size: 5,
        mtime: '1970-01-01T00:00:01.000Z',
        on: 'a',
        original: { size: 3, mtime: '1970-01-01T00:00:02.000Z' },
      },
    ]);
  });

  test('without an original have none in the row', () => {
    const { resolving } = open({ [copyOf('plan')]: file('x') });
    expect(resolving.conflicts()).toMatchObject([{ path: 'plan', original: null, on: 'both' }]);
  });

  test('are grouped by file, the oldest first', () => {
    const names = [
      copyOf('a/z'),
      copyOf('a/b', 'A', '2026-11-22 00-00-00'),
      copyOf('a/b', 'B', '2026-11-21 00-00-00'),
      copyOf('b'),
    ];
    const { resolving } = open(Object.fromEntries([...names, 'a/b', 'plain'].map((name) => [name, file('x')])));
    expect(resolving.conflicts().map(({ copy }) => copy)).toEqual([names[2], names[1], names[0], names[3]]);
  });

  describe('of a name that is too long for the name of its copy', () => {
    const long = 'n'.repeat(240);
    const short = `d/${long.slice(0, 255 - ` (conflict B ${STAMP})`.length)}`;
    test.each<[string, string[], string]>([
      ['belong to the file beside them that begins so', [`d/${long}`], `d/${long}`],
      ['but not to one in another directory', [`e/${long}`], short],
      ['nor to one that is a copy itself', [`d/${copyOf('m'.repeat(200))}`], short],
    ])('%s', (_, beside, original) => {
      const copy = copyOf(short);
      const { resolving } = open(Object.fromEntries([copy, ...beside].map((name) => [name, file('x')])));
      expect(resolving.conflicts().find((row) => row.copy === copy)?.path).toBe(original);
    });
  });
});

describe('resolving', () => {
  const [COPY, OLDER] = [copyOf('plan'), copyOf('plan', 'A', '2026-11-20 00-00-00')];
  const plan = { plan: file('kept'), [COPY]: file('copy') };

  test('for the side of the copy writes its content to the file and removes the copy', async () => {
    const { resolving, asked, steps, read } = open(plan);
    expect(await resolving.resolve(p('plan'), 'b', 'ann')).toEqual({
      path: 'plan',
      changed: true,
      kept: 'b',
      from: COPY,
      removed: [COPY],
      renamed: [],
    });
    expect(asked).toMatchObject([{ owner: 'ann', paths: ['plan', COPY] }]);
    expect(showChanges(steps.map(({ change }) => change))).toBe(`*plan -${COPY}`);
    // The content is that of the copy, and only what carries one has one.
    steps[0]!.contents!();
    expect([read, steps[1]!.contents]).toEqual([[[{ path: COPY, file: plan[COPY] }]], undefined]);
  });

  test('for the other side leaves the file and removes the copy', async () => {
    const { resolving, steps } = open(plan);
    expect(await resolving.resolve(p('plan'), 'a', 'ann')).toMatchObject({ from: null, removed: [COPY] });
    expect(showChanges(steps.map(({ change }) => change))).toBe(`-${COPY}`);
  });

  test('by the name of one copy resolves only that one', async () => {
    const { resolving, asked } = open({ ...plan, [OLDER]: file('older') });
    expect(await resolving.resolve(p(OLDER), 'a', 'ann')).toMatchObject({
      path: 'plan',
      from: OLDER,
      removed: [OLDER],
    });
    expect(asked[0]!.paths).toEqual(['plan', OLDER]);
  });

  test('by the name of the file resolves all its copies', async () => {
    const { resolving } = open({ ...plan, [OLDER]: file('older'), [copyOf('other')]: file('x') });
    expect(await resolving.resolve(p('plan'), 'a', 'ann')).toMatchObject({ removed: [OLDER, COPY] });
  });

  test.each<[string, Record<string, Entry>, string[], string]>([
    ['a name of its own', {}, [], 'plan (B 2026-11-21 14-03-22)'],
    ['that nothing on side b has', { 'plan (B 2026-11-21 14-03-22)': file('x') }, [], 'plan (B 2026-11-21 14-03-22 2)'],
    ['that no queued write creates', {}, ['plan (B 2026-11-21 14-03-22)'], 'plan (B 2026-11-21 14-03-22 2)'],
  ])('for both gives the copy %s', async (_, onB, claimed, to) => {
    const { resolving } = open(plan, { ...plan, ...onB }, claimed);
    expect(await resolving.resolve(p('plan'), 'both', 'ann')).toMatchObject({
      removed: [],
      renamed: [{ from: COPY, to }],
    });
  });

  test('and so what side a has', async () => {
    const taken = { 'plan (B 2026-11-21 14-03-22)': file('x') };
    const { resolving } = open({ ...plan, ...taken }, plan);
    expect(await resolving.resolve(p('plan'), 'both', 'ann')).toMatchObject({
      renamed: [{ to: 'plan (B 2026-11-21 14-03-22 2)' }],
    });
  });

  test('of a link needs no content', async () => {
    const { resolving, steps } = open({ plan: file('x'), [COPY]: link('there') });
    await resolving.resolve(p('plan'), 'b', 'ann');
    expect(steps.map(({ contents }) => contents)).toEqual([undefined, undefined]);
  });

  test.each(['plan', 'nothing'])('of %s, which has no copy, is refused', async (name) => {
    const { resolving } = open({ plan: file('x'), [copyOf('other')]: file('x') });
    await expect(resolving.resolve(p(name), 'a', 'ann')).rejects.toMatchObject({
      code: 'not-found',
      advice: advise`See: ${{ do: 'conflicts' }}`,
    });
  });
});
