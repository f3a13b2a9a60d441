// Deleting many targets with one request: a few at a time, each by itself, answered in their order.
import { expect, test } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import type { RelPath } from '../../../src/core/path.js';
import { fileHandlers } from '../../../src/sync/clients/file-methods.js';
import type { ClientWrite } from '../../../src/sync/files/write.js';
import type { Target } from '../../../src/wire/client-api/methods.js';
import { file, p, turn } from '../../support/disk-site.js';
import { LockFixture } from '../../support/lock-fixture.js';

/** Files f0 … whose deletion ends when the test says so. */
function open(n: number) {
  const fixture = new LockFixture(Object.fromEntries(Array.from({ length: n }, (_, at) => [`f${at}`, file('x')])));
  const begun: { readonly path: string; readonly end: (error?: Error) => void }[] = [];
  const writes = {
    ask: ({ paths: [path] }: ClientWrite) =>
      new Promise<readonly object[]>((resolve, reject) => {
        const change = { path, action: 'deleted', before: file('x'), after: null };
        begun.push({ path: path!, end: (error) => (error === undefined ? resolve([change]) : reject(error)) });
      }),
  };
  const pathOf = (target: Target): RelPath => {
    if ('path' in target) return p(target.path);
    throw new SyncError('not-found', `No ${target.index}.`);
  };
  const context = { pair: fixture.pair, lockState: fixture.lockState, writes, local: {}, replica: () => null };
  const remove = (targets: readonly Target[]) =>
    fileHandlers(context as never, pathOf, {} as never).delete({ targets, owner: 'ann' }, {} as never) as Promise<{
      targets: { path: string; changed: boolean }[];
    }>;
  return { begun, remove };
}

const targets = (n: number): Target[] => Array.from({ length: n }, (_, at) => ({ path: `f${at}` }));

test('no more than eight are deleted at one time, and the next begins when one has ended', async () => {
  const { begun, remove } = open(20);
  const removing = remove(targets(20));
  await turn();
  expect(begun.map(({ path }) => path)).toEqual(Array.from({ length: 8 }, (_, n) => `f${n}`));
  begun[3]!.end();
  await turn();
  expect(begun.slice(8).map(({ path }) => path)).toEqual(['f8']);
  for (let n = 0; n < 20; n++) {
    if (n !== 3) begun[n]!.end();
    await turn();
  }
  const { targets: answers } = await removing;
  expect(answers.map(({ path }) => path)).toEqual(targets(20).map((target) => 'path' in target && target.path));
});

test('a refused one, and one that is not there, leave the others alone', async () => {
  const { begun, remove } = open(2);
  const removing = remove([{ path: 'f0' }, { index: 9 }, { path: 'f1' }]);
  await turn();
  begun[0]!.end(new SyncError('locked', 'It is locked.'));
  begun[1]!.end();
  expect(await removing).toMatchObject({
    targets: [
      { path: 'f0', changed: false, error: { code: 'locked' } },
      { path: '9', changed: false, error: { code: 'not-found' } },
      { path: 'f1', changed: true },
    ],
  });
});

test('an error that is no refusal is nobody’s answer', async () => {
  const { begun, remove } = open(1);
  const removing = remove(targets(1));
  removing.catch(() => {});
  await turn();
  begun[0]!.end(new TypeError('a fault'));
  await expect(removing).rejects.toThrow('a fault');
});
