// What is known of contents whose transfer ended without them: how much had arrived.
import { expect, test } from 'vitest';
import { RESUMED_BYTES } from '../../../src/core/delta.js';
import type { FileEntry } from '../../../src/core/entry.js';
import { ArrivedContents } from '../../../src/sync/session/queued-change.js';
import { dir, file, p } from '../../support/disk-site.js';

const sized = (name: string, size: number): FileEntry => ({ ...file(name), size });
const SMALL = sized('small', RESUMED_BYTES);
const LARGE = sized('large', 2 * RESUMED_BYTES);

type Arrived = readonly [FileEntry, arrived: number];

/** The first `arrived` bytes of each content have arrived. */
function known(...contents: readonly Arrived[]): ArrivedContents {
  const known = new ArrivedContents();
  for (const [after, arrived] of contents) {
    const change = { path: p('x'), action: 'created', before: null, after } as const;
    known.note({ change, since: 0, size: after.size, arrived, before: 0, state: 'begun', claims: [] });
  }
  return known;
}

test.each<[it: string, content: FileEntry, arrived: number, share: number]>([
  ['a part of a large content', LARGE, RESUMED_BYTES / 2, 25],
  ['a part of one that is just large enough to be resumed', SMALL, 1 + RESUMED_BYTES / 2, 50],
  ['a part of one that is sent again from its beginning', sized('x', 2_000), 1_000, 50],
  ['a single byte', sized('x', 100), 1, 1],
])('%s counts until it arrives', (_, content, arrived, share) => {
  const contents = known([content, arrived]);
  expect(contents.shareOf(content)).toBe(share);
  contents.clear();
  expect(contents.shareOf(content)).toBe(0);
});

test('nothing has arrived of what has no content', () => {
  expect([known().shareOf(null), known().shareOf(dir()), known().shareOf(sized('x', 0))]).toEqual([0, 0, 0]);
});

test('it is known of the last 10,000 contents', () => {
  const contents = Array.from({ length: 10_001 }, (_, n) => sized(`${n}`, 100));
  const arrived = known(...contents.map((content) => [content, 50] as const));
  expect([contents[0]!, contents[1]!, contents.at(-1)!].map((content) => arrived.shareOf(content))).toEqual([
    0, 50, 50,
  ]);
});
