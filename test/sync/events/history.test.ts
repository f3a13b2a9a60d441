// The numbered events of one run: how many are kept, in how many bytes, and who is told.
import { describe, expect, it } from 'vitest';
import type { NumberedEvent } from '../../../src/core/events.js';
import { EventHistory } from '../../../src/sync/events/history.js';

const now = () => new Date('2026-11-21T14:03:22.118Z');
const connected = { event: 'peer-connected' } as const;

describe('the history of events', () => {
  it('numbers events from 1 and puts run and time to them', () => {
    const history = new EventHistory({ run: 'abc', now });
    expect([history.first, history.last]).toEqual([1, 0]);
    const time = '2026-11-21T14:03:22.118Z';
    expect(history.add(connected)).toEqual({ time, run: 'abc', id: 1, event: 'peer-connected' });
    expect(history.add({ event: 'peer-lost', reason: 'x' })).toEqual({
      ...{ time, run: 'abc', id: 2 },
      ...{ event: 'peer-lost', reason: 'x' },
    });
    expect(history.at(2)).toMatchObject({ event: 'peer-lost' });
    expect([history.at(0), history.at(3)]).toEqual([null, null]);
  });

  it('names each run differently', () => {
    expect(new EventHistory().run).toMatch(/^[0-9a-f]{12}$/);
    expect(new EventHistory().run).not.toBe(new EventHistory().run);
  });

  it('keeps the last 10,000', () => {
    const history = new EventHistory({ now });
    for (let n = 1; n <= 25_000; n++) history.add({ event: 'peer-lost', reason: String(n) });
    expect([history.first, history.last]).toEqual([15_001, 25_000]);
    expect(history.at(15_000)).toBeNull();
    for (const id of [15_001, 20_000, 25_000]) expect(history.at(id)).toMatchObject({ id, reason: String(id) });
  });

  it('keeps fewer where they are large, and always the latest', () => {
    const history = new EventHistory({ now, maxBytes: 100_000 });
    const large = { event: 'peer-lost', reason: 'x'.repeat(30_000) } as const;
    for (let n = 0; n < 50; n++) history.add(large);
    expect([history.first, history.last]).toEqual([48, 50]);
    history.add({ event: 'peer-lost', reason: 'x'.repeat(1_000_000) });
    expect([history.first, history.last]).toEqual([51, 51]);
    for (let n = 0; n < 20; n++) history.add(connected);
    expect([history.first, history.at(52)?.id]).toEqual([52, 52]);
  });

  it('tells listeners until they leave, and the logger behind it', () => {
    const history = new EventHistory({ now });
    const heard: number[] = [];
    const logged: NumberedEvent[] = [];
    const leave = history.listen(({ id }) => heard.push(id));
    const log = history.before({ event: (event) => logged.push(event), detail: () => {}, warn: () => {} });
    log.event(connected);
    leave();
    log.event(connected);
    expect([heard, logged.map(({ id }) => id)]).toEqual([[1], [1, 2]]);
  });
});
