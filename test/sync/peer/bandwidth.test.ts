import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Bandwidth } from '../../../src/sync/peer/bandwidth.js';
import { sendContent } from '../../../src/sync/peer/send-content.js';

const rate = (bytes: number) => new Bandwidth([{ minuteOfWeek: 0, rate: bytes }]);

/** @returns the pieces of `data`, and how long they took, in seconds. */
async function paced(bandwidth: Bandwidth, data: Buffer): Promise<{ sizes: number[]; seconds: number }> {
  const begun = performance.now();
  const sizes: number[] = [];
  for await (const piece of bandwidth.paced(data)) sizes.push(piece.length);
  return { sizes, seconds: (performance.now() - begun) / 1000 };
}

describe('bandwidth', () => {
  it('without a limit passes everything on as it is', async () => {
    expect((await paced(new Bandwidth(), Buffer.alloc(1 << 20))).sizes).toEqual([1 << 20]);
  });

  it('passes an empty piece on', async () => {
    expect((await paced(rate(4096), Buffer.alloc(0))).sizes).toEqual([0]);
  });

  it('cuts pieces, and takes the time that they need', async () => {
    const { sizes, seconds } = await paced(rate(100_000), Buffer.alloc(60_000));
    expect(sizes).toEqual([25_000, 25_000, 10_000]);
    // The first piece goes at once; the last may begin when the two before it have passed.
    expect(seconds).toBeGreaterThan(0.49);
  });

  it('is shared by all who send at the same time', async () => {
    const bandwidth = rate(100_000);
    const all = await Promise.all([1, 2, 3].map(() => paced(bandwidth, Buffer.alloc(20_000))));
    expect(Math.max(...all.map(({ seconds }) => seconds))).toBeGreaterThan(0.39);
  });

  it('is the lower of both servers’ limits, and that of one where the other has none', async () => {
    const bandwidth = rate(1_000_000);
    bandwidth.told = 40_000;
    expect((await paced(bandwidth, Buffer.alloc(15_000))).sizes).toEqual([10_000, 5_000]);
    bandwidth.told = null;
    expect((await paced(bandwidth, Buffer.alloc(15_000))).sizes).toEqual([15_000]);
    const other = new Bandwidth();
    expect(other.isFree).toBe(true);
    other.told = 40_000;
    expect(other.isFree).toBe(false);
  });

  it('changes with the time of the week, and the other server is told', () => {
    vi.useFakeTimers({ now: new Date(2026, 0, 5, 7, 59, 45), toFake: ['Date', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const eight = (24 + 8) * 60;
    const bandwidth = new Bandwidth([
      { minuteOfWeek: eight, rate: 1_000 },
      { minuteOfWeek: eight + 60, rate: null },
    ]);
    const told: (number | null)[] = [];
    const forgotten: (number | null)[] = [];
    bandwidth.onChange((rate) => told.push(rate));
    bandwidth.onChange((rate) => forgotten.push(rate))();
    expect([bandwidth.own, bandwidth.isFree]).toEqual([null, true]);
    vi.advanceTimersByTime(30_000);
    expect([bandwidth.own, bandwidth.isFree, told]).toEqual([1_000, false, [1_000]]);
    vi.advanceTimersByTime(30 * 60_000);
    expect(told).toEqual([1_000]);
    vi.advanceTimersByTime(30 * 60_000);
    expect([bandwidth.own, told]).toEqual([null, [1_000, null]]);
    bandwidth.close();
    vi.advanceTimersByTime(7 * 24 * 3_600_000);
    expect([told, forgotten]).toEqual([[1_000, null], []]);
  });
});

describe('a piece of content', () => {
  it('is sent in parts, of which the last one ends the content and gives the memory back', async () => {
    const sent: [object, number][] = [];
    let released = 0;
    const content = { n: 3, data: Buffer.from('x'.repeat(1_300)), last: true, release: () => released++ };
    await sendContent(content, rate(2_048), async (_method, params, payload, release) => {
      sent.push([params, payload!.length]);
      release?.();
    });
    expect(sent).toEqual([
      [{ n: 3, last: false }, 512],
      [{ n: 3, last: false }, 512],
      [{ n: 3, last: true }, 276],
    ]);
    expect(released).toBe(1);
  });

  it('that has no bytes is not held back', async () => {
    const bandwidth = rate(1_024);
    const methods: string[] = [];
    for (let n = 0; n < 100; n++)
      await sendContent({ n, copy: { at: 0, bytes: 1e9 }, last: true }, bandwidth, async (method) => {
        methods.push(method);
      });
    expect(methods).toHaveLength(100);
  });
});
