// What server-b tells of open documents before and after somebody asks for it.
import { expect, test } from 'vitest';
import { ToldDocuments } from '../../../src/sync/peer/told-documents.js';

const document = (path: string) => ({ path, app: 'Vim', owner: 'ann', account: null });
const payload = (...paths: string[]) => Buffer.from(JSON.stringify(paths.map(document)));
const ACCOUNT = { account: 'server@b' };

test('what was told last before anybody listens is not lost, and what is told in part is not told', async () => {
  const told = new ToldDocuments();
  told.take(ACCOUNT, payload('x'));
  told.take(ACCOUNT, payload('y'));
  told.take({ ...ACCOUNT, more: true }, payload('z'));
  const heard: string[] = [];
  told.onTold(({ documents }) => heard.push(documents.map(({ path }) => path).join(' ')));
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual(['y']);
  told.take(ACCOUNT, payload('x'));
  expect(heard).toEqual(['y', 'z x']);
});

test('nothing is heard before anything was told', async () => {
  const heard: unknown[] = [];
  new ToldDocuments().onTold((open) => heard.push(open));
  await Promise.resolve();
  expect(heard).toEqual([]);
});
