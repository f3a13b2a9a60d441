// Every command that the README and docs/ show is run, and what it prints is compared. LOCKSTEP_TEST_WRITE=1 writes what
// it really prints into the documents. The substitutions are in test/support/documents/world.ts.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ranDocument } from '../support/documents/run.js';
import { project } from '../support/programs.js';

const docs = path.join(project, 'docs');
const names = fs
  .readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

// What people read is their own time, and a document has one.
const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

describe('what the documents show is what happens', () => {
  test.each(['README.md', ...names])('%s', { timeout: 120_000 }, async (name) => {
    const file = path.join(project, name);
    const text = fs.readFileSync(file, 'utf8');
    const ran = await ranDocument(text);
    if (process.env.LOCKSTEP_TEST_WRITE === '1') fs.writeFileSync(file, ran);
    else expect(ran).toBe(text);
  });
});
