// How much versions take, as the status tells it.
import { expect, test } from 'vitest';
import { UsageOfVersions } from '../../../src/sync/files/version-usage.js';

function sides(usage: () => Promise<{ files: number; bytes: number }>, isConnected = true) {
  let asked = 0;
  const reader = {
    usage: () => {
      asked++;
      return usage();
    },
  };
  const versions = new UsageOfVersions((side) => (side === 'a' || isConnected ? reader : null));
  return { versions, asked: () => asked };
}

test('both sides are asked each time', async () => {
  let files = 1;
  const { versions } = sides(async () => ({ files: files++, bytes: 10 }));
  expect(await versions.read()).toEqual({ a: { files: 1, bytes: 10 }, b: { files: 2, bytes: 10 } });
  expect(await versions.read()).toEqual({ a: { files: 3, bytes: 10 }, b: { files: 4, bytes: 10 } });
});

test('a side that is away, or cannot tell, is not known', async () => {
  const { versions } = sides(async () => ({ files: 1, bytes: 10 }), false);
  expect(await versions.read()).toEqual({ a: { files: 1, bytes: 10 }, b: null });
  expect(await sides(() => Promise.reject(new Error('no'))).versions.read()).toEqual({ a: null, b: null });
});

test('nobody waits for a side that counts for long', async () => {
  const { versions, asked } = sides(() => new Promise(() => {}));
  expect(await versions.read()).toEqual({ a: null, b: null });
  expect(await versions.read()).toEqual({ a: null, b: null });
  expect(asked()).toBe(2);
});
