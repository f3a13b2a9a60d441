// The example that docs/program.md shows does what it says, with the package as it is imported from outside.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { PairOfPrograms, project, putWhole, textOf } from '../support/programs.js';

test('examples/program.mjs, which docs/program.md shows', async () => {
  const file = path.join(project, 'examples/program.mjs');
  expect(fs.readFileSync(path.join(project, 'docs/program.md'), 'utf8')).toContain(fs.readFileSync(file, 'utf8'));
  const pair = new PairOfPrograms();
  try {
    putWhole(pair.a, 'docs/plan.txt', 'the old roof');
    await pair.start();
    const env = { ...pair.env, LOCKSTEP_SERVER: `127.0.0.1:${pair.portA}` };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { env });
    expect([stdout, stderr]).toEqual(['1 files, the plan has 12 bytes\n', '']);
    expect([textOf(pair.a, 'docs/plan.txt'), textOf(pair.b, 'docs/plan.txt')]).toEqual([
      'the new roof',
      'the new roof',
    ]);
  } finally {
    await pair.close();
  }
});
