// The README's walk-through is what really happens. LOCKSTEP_TEST_WRITE=1 writes it anew.
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { PairOfPrograms, putWhole } from '../support/programs.js';
import { walkThrough } from '../support/walkthrough.js';

const README = new URL('../../README.md', import.meta.url);
const PLACE = /(<!-- two people: made by test\/e2e\/walkthrough -->\n```\n)([\s\S]*?)(```\n)/;

test('two people, one drawing', { timeout: 60_000 }, async () => {
  const pair = new PairOfPrograms();
  try {
    putWhole(pair.a, 'roof.dwg', 'a roof\n');
    await pair.start();
    const text = await walkThrough(pair);
    const readme = fs.readFileSync(README, 'utf8');
    if (process.env.LOCKSTEP_TEST_WRITE === '1') {
      fs.writeFileSync(
        README,
        readme.replace(PLACE, (_, before, _old, after) => `${before}${text}${after}`),
      );
    } else expect(PLACE.exec(readme)?.[2]).toBe(text);
  } finally {
    await pair.close();
  }
});
