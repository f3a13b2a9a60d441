// Watching: where it goes on, what it says where events are missing, and that a slow reader costs no memory.
import { describe, expect, it } from 'vitest';
import type { WatchedEvent } from '../../../src/core/events.js';
import { serveWatch } from '../../../src/sync/clients/watching.js';
import { EventHistory } from '../../../src/sync/events/history.js';

const event = { event: 'peer-connected' } as const;

/** A history with events from 1 to `last`, and a client that watches it. */
function open(last: number, room: () => Promise<void> | null = () => null) {
  const history = new EventHistory({ run: 'abc' });
  const add = (count: number) => {
    for (let n = 0; n < count; n++) history.add(event);
  };
  add(last);
  const over = new AbortController();
  const told: WatchedEvent[] = [];
  const call = {
    signal: over.signal,
    connection: { room },
    notify: async (_method: string, params: WatchedEvent) => void told.push(params),
  };
  const watch = (params: object, by: object = call) => serveWatch(history, params, by as never);
  return { history, add, over, told, call, watch };
}

/** What came, in short: numbers, and gaps as text. */
const short = (told: readonly WatchedEvent[]) =>
  told.map((one) => (one.event === 'gap' ? `gap ${one.missed} to ${one.id}` : one.id));

describe('watching', () => {
  it.each<[string, number, object, (number | string)[]]>([
    ['nothing given', 3, {}, []],
    ['a run alone', 3, { run: 'abc' }, []],
    ['an event', 3, { since: 1 }, [2, 3]],
    ['an event with its run', 3, { since: 1, run: 'abc' }, [2, 3]],
    ['the last event', 3, { since: 3 }, []],
    ['the beginning', 3, { since: 0 }, [1, 2, 3]],
    ['the beginning of nothing', 0, { since: 0 }, []],
    ['an event that has not been', 3, { since: 4 }, ['gap null to 0', 1, 2, 3]],
    ['an event of another run', 3, { since: 1, run: 'xyz' }, ['gap null to 0', 1, 2, 3]],
    ['another run, which has said nothing yet', 0, { since: 8, run: 'xyz' }, ['gap null to 0']],
    ['the oldest that is kept', 10_002, { since: 10_001 }, [10_002]],
    ['the one before the oldest', 10_002, { since: 2 }, Array.from({ length: 10_000 }, (_, n) => n + 3)],
    ['one that is too old', 10_002, { since: 1 }, ['gap 1 to 2', ...Array.from({ length: 10_000 }, (_, n) => n + 3)]],
  ])('goes on after %s', async (_what, last, params, wanted) => {
    const { add, told, over, watch, history } = open(last);
    const watching = watch(params);
    expect(short(told)).toEqual(wanted);
    add(1);
    expect(short(told)).toEqual([...wanted, last + 1]);
    expect(told.every(({ run }) => run === 'abc')).toBe(true);
    over.abort();
    expect(await watching).toEqual({ ended: true });
    history.add(event);
    expect(told.at(-1)?.id).toBe(last + 1);
  });

  it('that was ended before it began ends at once', async () => {
    const { over, watch } = open(0);
    over.abort();
    expect(await watch({})).toEqual({ ended: true });
  });

  it('ends when its connection fails', async () => {
    const { watch, call, add } = open(0);
    const watching = watch({}, { ...call, notify: async () => Promise.reject(new Error('gone')) });
    add(1);
    expect(await watching).toEqual({ ended: true });
  });

  it('sends nothing without room, and then goes on or says what was missed', async () => {
    let free: (() => void) | null = null;
    const room = () => (free === null ? null : blocked);
    let blocked: Promise<void> = Promise.resolve();
    const block = () => {
      blocked = new Promise((resolve) => {
        free = () => {
          free = null;
          resolve();
        };
      });
    };
    const { watch, add, told } = open(0, room);
    void watch({});
    add(2);
    block();
    add(3);
    expect(short(told)).toEqual([1, 2]);
    free!();
    await blocked;
    await Promise.resolve();
    expect(short(told)).toEqual([1, 2, 3, 4, 5]);
    block();
    add(10_004);
    free!();
    await blocked;
    await Promise.resolve();
    expect(short(told).slice(5, 8)).toEqual(['gap 4 to 9', 10, 11]);
    expect(told.at(-1)?.id).toBe(10_009);
  });
});
