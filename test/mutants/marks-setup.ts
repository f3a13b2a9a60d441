// Runs before each test file of the run that finds out which tests come through which parts. What they came through is
// written down when the file is done.
import fs from 'node:fs';
import { afterAll, expect } from 'vitest';

const seen = new Set<string>();
(globalThis as Record<string, unknown>).__lockstepMark = (mark: string) => seen.add(mark);

afterAll(() => {
  const line = JSON.stringify({ test: expect.getState().testPath, marks: [...seen] });
  fs.appendFileSync(process.env.LOCKSTEP_MUTANTS_MARKS!, `${line}\n`);
});
