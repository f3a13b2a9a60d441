// Answers to `plan`: for two clients at a time.
import { expect, it } from 'vitest';
import type { SyncError } from '../../../src/core/errors.js';
import { PlanQuery } from '../../../src/sync/clients/plan-query.js';

const row = { path: 'x', action: 'created', from: 'a', to: 'b', type: 'file', bytes: 1, why: 'changed' } as const;

function open(notify: () => Promise<void>) {
  let made = 0;
  const query = new PlanQuery(() => {
    made++;
    return { plan: Array.from({ length: 10_000 }, () => row), waiting: 3, firstContact: false };
  });
  return { ask: () => query.plan({ notify } as never), made: () => made };
}

it('refuses a third while two are not taken, without making a plan, and answers again afterwards', async () => {
  let free = () => {};
  const gate = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { ask, made } = open(() => gate);
  const slow = [ask(), ask()];
  expect(await ask().catch(({ code }: SyncError) => code)).toBe('busy');
  expect(made()).toBe(2);
  free();
  for (const answer of await Promise.all(slow)) expect(answer).toMatchObject({ waiting: 3, firstContact: false });
  expect(await ask()).toMatchObject({ waiting: 3 });
});

it('has room again after clients that went away', async () => {
  const { ask } = open(() => Promise.reject(new Error('gone')));
  for (let n = 0; n < 3; n++) await expect(ask()).rejects.toThrow('gone');
});
