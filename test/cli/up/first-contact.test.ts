// The question before a first contact, on streams that look like a terminal.
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { firstContactAgreed } from '../../../src/cli/up/first-contact.js';
import type { PlanPreview } from '../../../src/wire/client-api/plan.js';

const NOTHING: PlanPreview = { plan: [], waiting: 0, firstContact: true };
const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let written = '';
  output.on('data', (data: Buffer) => {
    written += data;
  });
  return { input, output, written: () => written };
}

describe('the question before a first contact', () => {
  it('that is ended from outside is a no, and the cursor is shown again', async () => {
    const { input, output, written } = terminal();
    const stopping = new AbortController();
    const asked = { yes: false, terminal: { input, output } as never, signal: stopping.signal, say: () => {} };
    const agreed = firstContactAgreed(NOTHING, asked);
    while (!written().includes('Carry this out?')) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort();
    expect(await agreed).toBe(false);
    expect(written().lastIndexOf(SHOW)).toBeGreaterThan(written().lastIndexOf(HIDE));
  });

  it('is refused where there is nobody to ask', async () => {
    const asked = { yes: false, terminal: null, signal: new AbortController().signal, say: () => {} };
    await expect(firstContactAgreed(NOTHING, asked)).rejects.toMatchObject({ code: 'usage' });
  });
});
