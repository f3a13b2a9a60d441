import { describe, expect, it } from 'vitest';
import { packRow, type Row, unpackRow } from '../../../src/wire/client-api/compact-rows.js';
import type { ListEntry } from '../../../src/wire/client-api/methods.js';

const plain: Row = {
  ...{ path: 'a', type: 'file', size: 3, mtimeMs: 118, mode: 0o644 },
  ...{ on: 'both', lock: null, held: 0 },
};
const lock = { owner: 'ann', side: 'b', since: '', expires: null, message: '', token: 7 } as const;

describe('compact rows', () => {
  it.each<[Partial<Row>, number]>([
    [{}, 4],
    [{ type: 'symlink' }, 5],
    [{ on: 'a' }, 5],
    [{ lock }, 5],
    [{ held: 2 }, 5],
    [{ syncing: 0 }, 5],
    [{ type: 'symlink', on: 'b', lock, held: 1, syncing: 43 }, 5],
  ])('a row with %j comes out as it went in, in %i parts', (more, parts) => {
    const row = { ...plain, ...more };
    const packed = packRow(row);
    expect(packed).toHaveLength(parts);
    const { mtimeMs: _, ...rest } = row;
    expect(unpackRow(JSON.parse(JSON.stringify(packed)), 5)).toEqual({
      index: 5,
      mtime: '1970-01-01T00:00:00.118Z',
      ...rest,
    });
  });

  it('keeps the row of a server that does not know arrays', () => {
    const entry = { index: 1, path: 'a' } as ListEntry;
    expect(unpackRow(entry, 1)).toBe(entry);
  });
});
