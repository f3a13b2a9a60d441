import { expect, test } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import { TransferLimit } from '../../../src/sync/files/transfer-limit.js';

test('one connection may run a few transfers at one time, without using up those of the others', async () => {
  const limit = new TransferLimit();
  const [one, other] = [{}, {}];
  const ends: (() => void)[] = [];
  const begin = (asker: object) => limit.run(asker, () => new Promise<void>((resolve) => ends.push(resolve)));
  const running = Array.from({ length: 16 }, () => begin(one));
  await expect(begin(one)).rejects.toMatchObject({ code: 'busy' });
  running.push(begin(other));
  ends[0]!();
  await running[0];
  running.push(begin(one));
  for (const end of ends) end();
  await Promise.all(running);
});

test('all connections together run 256 transfers at one time, and one that failed makes room', async () => {
  const limit = new TransferLimit();
  const ends: ((error: Error) => void)[] = [];
  const begin = () => limit.run({}, () => new Promise<void>((_, reject) => ends.push(reject)));
  const running = Array.from({ length: 256 }, begin).map((one) => one.catch((error: Error) => error.message));
  expect(await begin().catch(({ code }: SyncError) => code)).toBe('busy');
  ends[0]!(new Error('cut'));
  expect(await running[0]).toBe('cut');
  running.push(begin().catch((error: Error) => error.message));
  expect(await begin().catch(({ code }: SyncError) => code)).toBe('busy');
  for (const end of ends) end(new Error('over'));
  await Promise.all(running);
  expect(ends).toHaveLength(257);
});
