import { expect, test } from 'vitest';
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
