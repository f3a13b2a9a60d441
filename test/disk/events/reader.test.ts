// Log files as the reader takes them, whatever stands in them.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type EventFilter, readEvents } from '../../../src/disk/events/reader.js';
import { segmentName } from '../../../src/disk/events/segments.js';
import { OwnDirectory } from '../../../src/disk/fs/own-directory.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let directory: OwnDirectory;
beforeEach(() => {
  root = makeRoot('reader');
  directory = new OwnDirectory(root, 'log');
  directory.ensure();
});
afterEach(() => {
  directory.close();
  removeRoot(root);
});

const line = (id: number, run = 'abc'): string =>
  JSON.stringify({ time: `2026-11-21T14:00:0${id}.000Z`, run, id, event: 'resumed' });

/** @returns the ids of the events in files with these contents, and how many lines are damaged. */
async function found(files: readonly string[], filter: EventFilter = {}): Promise<[ids: number[], damaged: number]> {
  for (const [n, content] of files.entries()) fs.writeFileSync(`${root}/log/${segmentName(n + 1)}`, content);
  const ids: number[] = [];
  let lines = 0;
  for await (const { events, damaged } of readEvents(directory, filter)) {
    ids.push(...events.map(({ id }) => id));
    lines += damaged;
  }
  return [ids, lines];
}

const long = 'x'.repeat(2_000_000);

it.each<[it: string, files: string[], ids: number[], damaged: number]>([
  ['an empty file has none', [''], [], 0],
  ['a last line may lack its end', [`${line(1)}\n${line(2)}`], [1, 2], 0],
  ['a last line that is torn is damaged', [`${line(1)}\n${line(2).slice(0, 30)}`, `${line(3)}\n`], [1, 3], 1],
  ['a torn line is damaged, however little of it there is', [`${line(1)}\nx`], [1], 1],
  ['an empty line is damaged, also before a torn one', ['\nx'], [], 2],
  ['a line that no event can have is damaged, and the next is read', [`${long}\n${line(1)}\n`], [1], 1],
  ['an event that lacks a field is damaged', ['{"time":"","run":"abc","id":1}\n'], [], 1],
  [
    'what was written again comes once',
    [`${line(1)}\n${line(2)}\n`, `${line(1)}\n${line(2)}\n${line(3)}\n`],
    [1, 2, 3],
    0,
  ],
  ['another run begins with 1 again', [`${line(1)}\n${line(2)}\n`, `${line(1, 'def')}\n`], [1, 2, 1], 0],
])('%s', async (_, files, ids, damaged) => {
  expect(await found(files)).toEqual([ids, damaged]);
});

it('files of which all is too old are not looked through, and count no damage', async () => {
  const old = `not an event\n${line(1)}\n`;
  const since = '2026-11-21T14:00:02.000Z';
  expect(await found([old, `${line(2)}\n`], { since })).toEqual([[2], 0]);
  expect(await found([`${old}${line(2)}\n`, `${line(3)}\n`], { since })).toEqual([[2, 3], 1]);
});

it('a file is read to its last byte, however many bytes are left for the last piece', async () => {
  const PIECE = 256 * 1024;
  for (const more of [0, 1, 2]) {
    const before = `${line(1)}\n`;
    const filler = `${'x'.repeat(PIECE + more - before.length - line(2).length - 2)}\n`;
    const content = `${before}${filler}${line(2)}\n`;
    expect(content).toHaveLength(PIECE + more);
    expect(await found([content])).toEqual([[1, 2], 1]);
    expect(await found([content.slice(0, -1)])).toEqual([[1, 2], 1]);
  }
});

it('what is no file of the log is not read', async () => {
  fs.writeFileSync(`${root}/log/notes.txt`, 'hello\n');
  fs.mkdirSync(`${root}/log/${segmentName(7)}`);
  expect(await found([`${line(1)}\n`])).toEqual([[1], 0]);
});

it.each([
  ['ENOENT', [2]],
  ['EACCES', null],
])('a file that cannot be opened is left out where it is gone, and an error otherwise: %s', async (code, ids) => {
  const { openSync } = fs;
  vi.spyOn(fs, 'openSync').mockImplementation((...args) => {
    if (String(args[0]).endsWith(segmentName(1))) throw Object.assign(new Error(code), { code });
    return openSync(...args);
  });
  const read = found([`${line(1)}\n`, `${line(2)}\n`]);
  if (ids === null) await expect(read).rejects.toMatchObject({ code });
  else expect(await read).toEqual([ids, 0]);
});
