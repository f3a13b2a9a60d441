// A server-b on one stream.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { silent } from '../../src/log.js';
import { openServerB } from '../../src/sync/server-b.js';
import { carrierOver } from '../../src/wire/socket/multiplex.js';
import { makeRoot, removeRoot } from '../support/trees.js';

test('a server-a that never opens a stream does not keep the root', async () => {
  const dir = makeRoot('server-b');
  const server = openServerB({ dir, ignore: [], version: 'test', log: silent }, 50);
  const carrier = carrierOver(new PassThrough(), new PassThrough());
  await server.over(carrier);
  expect(carrier.destroyed).toBe(true);
  await server.stop();
  removeRoot(dir);
});
