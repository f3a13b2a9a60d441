// server-a --guard: the write bits of the other side's copy while somebody holds the lock. Whoever runs this may be root,
// whom no bit stops, so the bits themselves are what is looked at.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, textOf, until } from '../support/programs.js';

const pair = new PairOfPrograms();
const modeOf = (root: string, name: string): string => (fs.statSync(path.join(root, name)).mode & 0o777).toString(8);
const untilMode = (root: string, name: string, mode: string) =>
  until(
    () => modeOf(root, name) === mode,
    () => `${name} has ${modeOf(root, name)}, not ${mode}`,
  );

beforeAll(async () => {
  await pair.startB();
  await pair.startA('--guard');
  await pair.serverA.wait('in-sync');
  for (const name of ['one', 'two', 'three']) putWhole(pair.a, name, 'v0');
  fs.chmodSync(path.join(pair.a, 'two'), 0o755);
  await pair.flush();
}, 60_000);

afterAll(() => pair.close());

test('SCENARIO 38: a guarded file loses its write bits, and gets them back whatever happens', {
  timeout: 90_000,
}, async () => {
  await pair.json('--as', 'ann', 'lock', 'two');
  await untilMode(pair.b, 'two', '555');
  expect(modeOf(pair.a, 'two')).toBe('755');
  await pair.json('--as', 'ann', 'lock', 'one', '--side', 'b');
  await untilMode(pair.a, 'one', '444');
  expect(modeOf(pair.b, 'one')).toBe('644');

  // It is no change, and nothing is held. The holder's change goes over, and is guarded too.
  putWhole(pair.a, 'two', 'v1');
  fs.chmodSync(path.join(pair.a, 'two'), 0o755);
  await pair.json('rescan');
  await pair.flush();
  await until(() => textOf(pair.b, 'two') === 'v1');
  await untilMode(pair.b, 'two', '555');
  expect(modeOf(pair.a, 'two')).toBe('755');
  expect(await pair.json('held')).toEqual({ held: [] });

  // Given back at the unlock, by force too.
  await pair.json('--as', 'bob', 'unlock', 'two', '--force');
  await untilMode(pair.b, 'two', '755');
  await pair.json('--as', 'ann', 'unlock', 'one');
  await untilMode(pair.a, 'one', '644');

  // At an expiry, and after a kill, when the next start guards nothing.
  await pair.json('--as', 'ann', 'lock', 'one');
  await untilMode(pair.b, 'one', '444');
  await pair.json('--as', 'ann', 'lock', 'one', '--ttl', '1s');
  await untilMode(pair.b, 'one', '644');
  await pair.json('--as', 'ann', 'lock', 'three');
  await pair.json('--as', 'ann', 'lock', 'one', '--side', 'b');
  await untilMode(pair.b, 'three', '444');
  await untilMode(pair.a, 'one', '444');
  await pair.serverA.crash();
  await pair.startA();
  await untilMode(pair.b, 'three', '644');
  await untilMode(pair.a, 'one', '644');
  await pair.serverA.wait('in-sync');
  await pair.flush();
  expect([modeOf(pair.a, 'three'), modeOf(pair.b, 'one')]).toEqual(['644', '644']);
  expect(await pair.json('held')).toEqual({ held: [] });
});

test('a guarded file that is renamed gets its write bits back', { timeout: 60_000 }, async () => {
  await pair.serverA.stop();
  await pair.startA('--guard');
  await pair.serverA.wait('in-sync');
  fs.mkdirSync(path.join(pair.a, 'dir'));
  for (const name of ['doc', 'dir/f']) putWhole(pair.a, name, name);
  await pair.flush();
  for (const name of ['doc', 'dir/f']) await pair.json('--as', 'ann', 'lock', name);
  await untilMode(pair.b, 'doc', '444');
  await untilMode(pair.b, 'dir/f', '444');

  // By its owner, along with its directory.
  await pair.json('--as', 'ann', 'rename', 'dir', 'dir2');
  await until(() => textOf(pair.b, 'dir2/f') !== null);
  await untilMode(pair.b, 'dir2/f', '444');
  await pair.json('--as', 'ann', 'unlock', 'dir2/f');
  await untilMode(pair.b, 'dir2/f', '644');

  // By somebody on the guarded side.
  fs.renameSync(path.join(pair.b, 'doc'), path.join(pair.b, 'moved'));
  await until(() => textOf(pair.a, 'moved') !== null);
  await untilMode(pair.b, 'moved', '644');
  await pair.json('--as', 'ann', 'unlock', 'doc');
  await pair.flush();
  expect([modeOf(pair.a, 'moved'), modeOf(pair.a, 'dir2/f')]).toEqual(['644', '644']);
  expect([modeOf(pair.b, 'moved'), modeOf(pair.b, 'dir2/f')]).toEqual(['644', '644']);
});
