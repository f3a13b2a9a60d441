// The minimum speed of senders.
import { describe, expect, it } from 'vitest';
import { SenderPace } from '../../../src/sync/files/pace.js';
import { inTime } from '../../../src/sync/in-time.js';

const LIMITS = { bytes: 1_000, ms: 200 };
const never = () => new Promise<never>(() => {});

/** A pace with waits of given lengths. */
function paced() {
  let now = 0;
  const pace = new SenderPace(LIMITS, 'the content', () => now);
  const wait = async (ms: number, bytes: number) => {
    const arrived = pace.next(
      Promise.resolve().then(() => {
        now += ms;
      }),
    );
    await arrived;
    pace.came(bytes);
  };
  return { pace, wait };
}

describe('a sender', () => {
  it('may be slow as long as enough bytes arrive', async () => {
    const { wait } = paced();
    for (let n = 0; n < 20; n++) await wait(150, 1_000);
    for (let n = 0; n < 20; n++) await wait(80, 500);
  });

  it('has the whole time again once enough bytes have come', async () => {
    const { pace, wait } = paced();
    await wait(150, 600);
    await wait(40, 399);
    await expect(pace.next(never())).rejects.toMatchObject({ code: 'timeout' });
    pace.came(1);
    const soon = new Promise<string>((resolve) => setTimeout(() => resolve('came'), 15));
    expect(await pace.next(soon)).toBe('came');
  });

  it('may not trickle', async () => {
    const { pace, wait } = paced();
    for (let n = 0; n < 19; n++) await wait(10, 1);
    await expect(pace.next(never())).rejects.toMatchObject({
      code: 'timeout',
      message: 'Less than 0.9765625 KiB of the content came in 0.2 s.',
    });
  });

  it('may not be silent', async () => {
    await expect(paced().pace.next(never())).rejects.toMatchObject({ code: 'timeout' });
  });

  it('gets the error that it caused itself', async () => {
    await expect(paced().pace.next(Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    await expect(inTime(never(), 1, 'too late')).rejects.toThrow('too late');
    expect(await inTime(Promise.resolve(1), 1, 'too late')).toBe(1);
  });
});
