// A side whose stored snapshot is damaged does not use it, and reports that.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { type Logger, silent } from '../../../src/log.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
beforeEach(() => {
  root = makeRoot('state-files');
  put(root, { a: 'one', d: { b: 'two' } });
});
afterEach(() => removeRoot(root));

/** Serves the root once, with a scan, and stops. @returns its problems and its state. */
async function serveOnce(): Promise<{ lostMemory: boolean; id: string; warnings: string[] }> {
  const warnings: string[] = [];
  const log: Logger = { ...silent, warn: (message) => void warnings.push(message) };
  const state = openStateDirectory(root, log);
  const replica = new LocalReplica({ root: openRoot(root), state, ignore: [], log });
  await replica.scan('everything');
  await replica.close();
  state.release();
  return { lostMemory: replica.lostMemory, id: state.id, warnings };
}

const seenLog = () => path.join(root, '.lockstep', 'seen.log');

describe('what was last seen', () => {
  test('is not lost at the first start or after a stop', async () => {
    const first = await serveOnce();
    expect(await serveOnce()).toEqual({ lostMemory: false, id: first.id, warnings: [] });
    expect(first).toMatchObject({ lostMemory: false, warnings: [] });
  });

  test.each([
    ['missing', () => fs.rmSync(seenLog())],
    ['of another program', () => fs.writeFileSync(seenLog(), 'SQLite format 3\0')],
  ])('is lost where it is %s: said, under another id, for ever', async (_, damage) => {
    const { id } = await serveOnce();
    damage();
    const after = await serveOnce();
    expect(after.lostMemory).toBe(true);
    expect(after.id).not.toBe(id);
    expect(after.warnings).toEqual([expect.stringContaining('seen.log')]);
    expect(await serveOnce()).toEqual({ lostMemory: false, id: after.id, warnings: [] });
  });
});
