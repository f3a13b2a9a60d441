// A pause on disk: kept with the locks, so that it outlasts a restart and its loss is noticed like that of a lock.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../src/log.js';
import { LockJournal } from '../../../src/sync/locks/journal.js';
import { LockState } from '../../../src/sync/locks/lock-state.js';

let root = '';
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-pause-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const open = () => new LockState(new LockJournal(path.join(root, 'locks.log')), silent);

test('a pause is there again after a restart, and is gone after it was ended', async () => {
  const first = open();
  expect(first.pause).toBeNull();
  await first.setPause({ by: 'ann', since: 1_000 });
  await first.close();
  const second = open();
  expect(second.pause).toEqual({ by: 'ann', since: 1_000 });
  const third = open(); // as after a kill: the second was not closed
  expect(third.pause).toEqual({ by: 'ann', since: 1_000 });
  await third.setPause(null);
  await third.close();
  expect(open().pause).toBeNull();
});

test('of a damaged table, a pause that can be read is in force, and the loss is known', async () => {
  const first = open();
  await first.setPause({ by: 'ann', since: 1_000 });
  await first.close();
  const file = path.join(root, 'locks.log');
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  fs.writeFileSync(file, lines.toSpliced(1, 0, 'damage').join('\n'));
  const second = open();
  expect([second.pause, second.loss]).toEqual([{ by: 'ann', since: 1_000 }, expect.stringContaining('locks.log')]);
});
