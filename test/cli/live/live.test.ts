// The live view's driving: a server and a window that are objects, and the terminal's end as a signal.
import { getEventListeners } from 'node:events';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { contextFor, type Globals } from '../../../src/cli/context.js';
import { live } from '../../../src/cli/live/live.js';
import type { Window } from '../../../src/cli/live/window.js';
import { PLAIN_NAMES } from '../../../src/cli/program-name.js';
import type { WatchedEvent } from '../../../src/core/events.js';
import { fakeApi, lockOf, memory } from '../fake-context.js';

const locked = (path: string): WatchedEvent => ({
  ...{ time: lockOf('ann').since, run: 'abc', id: 1, event: 'locked' },
  ...{ path, owner: 'ann', side: 'a' },
});

/** A view whose server says what `events` yields, and answers questions when `gate` lets it. */
function viewing(
  events: (signal: AbortSignal | undefined) => AsyncGenerator<WatchedEvent, void, void>,
  gate: () => Promise<void>,
) {
  const over = new AbortController();
  const server = fakeApi([]);
  const api: typeof server = {
    ...server,
    watch: (options) => events(options?.signal),
    locks: async () => {
      await gate();
      return server.locks();
    },
  };
  let text = '';
  let look: () => void = () => {};
  const window: Window = {
    size: () => ({ columns: 100, rows: 40 }),
    onKey: () => {},
    onResize: () => {},
    onEnd: () => {},
    write: (more) => {
      text += more;
      look();
    },
  };
  const globals: Globals = {};
  const context = contextFor(
    {
      ...{
        env: {},
        names: PLAIN_NAMES,
        connect: async () => api,
        out: () => {},
        err: () => {},
        bytes: async () => {},
        flush: () => {},
      },
      ...{ shown: memory(), signal: over.signal, stdin: () => process.stdin },
      ...{ stdinIsTerminal: true, stdoutIsTerminal: true, columns: 100 },
    },
    globals,
    { run: async () => 0, commands: () => new Command() },
  );
  const sees = (wanted: string): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (text.includes(wanted)) resolve();
      };
      look();
    });
  return { ended: live(context, window), sees, stop: () => over.abort() };
}

const untilAborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });

it('shows every event, also those that come while questions are being answered', async () => {
  let answer: () => void = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const view = viewing(
    async function* (signal) {
      for (const path of ['m1.md', 'm2.md', 'm3.md']) yield locked(path);
      setImmediate(answer);
      await untilAborted(signal);
    },
    () => answered,
  );
  await view.sees('on each side'); // the answers are there, and drawn
  for (const path of ['m1.md', 'm2.md', 'm3.md']) await view.sees(path);
  view.stop();
  expect(await view.ended).toBe(130);
});

it('listens for its end once, however often it asks', async () => {
  let listeners = Number.POSITIVE_INFINITY;
  let asked = 0;
  let another: () => void = () => {};
  const view = viewing(
    async function* (signal) {
      while (!signal?.aborted && asked < 4) {
        const next = new Promise<void>((resolve) => {
          another = resolve;
        });
        yield locked(`n${asked}.md`);
        await next;
      }
      await view.sees('n3.md');
      listeners = getEventListeners(signal!, 'abort').length;
      view.stop();
      await untilAborted(signal);
    },
    async () => {
      asked++;
      another();
    },
  );
  expect(await view.ended).toBe(130);
  expect(listeners).toBeLessThanOrEqual(2); // the view's own, and that of a pause
});
