// Slow peers of the page's server: a body that does not come, and a reader that does not read, cost a bounded time.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readJson } from '../../src/web/body.js';
import { write } from '../../src/web/writing.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const request = (headers: Record<string, string> = {}) =>
  Object.assign(new PassThrough(), {
    headers: { 'content-type': 'application/json', ...headers },
  }) as unknown as IncomingMessage & PassThrough;

test('a body is waited for half a minute', async () => {
  const req = request();
  const read = readJson(req).catch((error) => error);
  req.write('{"token":');
  await vi.advanceTimersByTimeAsync(29_999);
  await vi.advanceTimersByTimeAsync(1);
  expect(await read).toMatchObject({ status: 408, code: 'timeout' });
  expect(req.listenerCount('data')).toBe(0);
});

test('a body that ends too early is no body', async () => {
  const req = request();
  const read = readJson(req).catch((error) => error);
  req.destroy();
  expect(await read).toMatchObject({ code: 'closed' });
  expect(vi.getTimerCount()).toBe(0);
});

test('a body is refused by its announced length, before it is read', async () => {
  expect(await readJson(request({ 'content-length': '65537' })).catch((error) => error)).toMatchObject({ status: 413 });
});

/** A reader that takes nothing until it is told to. */
function reader() {
  const taken: (() => void)[] = [];
  const stream = new Writable({ highWaterMark: 1, write: (_data, _encoding, done) => void taken.push(done) });
  return { res: stream as unknown as ServerResponse, take: () => taken.shift()!() };
}

test('a reader that reads nothing is cut off after half a minute', async () => {
  const { res } = reader();
  const written = write(res, 'rows');
  await vi.advanceTimersByTimeAsync(29_999);
  expect(res.destroyed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(res.destroyed).toBe(true);
  await written;
});

test('a reader that reads is written to again', async () => {
  const { res, take } = reader();
  const written = write(res, 'rows');
  take();
  await written;
  expect([res.destroyed, vi.getTimerCount()]).toEqual([false, 0]);
});
