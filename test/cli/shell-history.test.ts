import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHistory } from '../../src/cli/shell-history.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'lockstep-history-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = () => openHistory({ XDG_STATE_HOME: home });
const file = () => path.join(home, 'lockstep', 'history.json');

describe('the shell history', () => {
  it('is there again in the next shell, for its owner alone, and bounded', () => {
    open().keep(Array.from({ length: 900 }, (_, i) => `lock ${i}`));
    expect(open().options.history).toHaveLength(500);
    expect(open().options.history[0]).toBe('lock 0');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('is empty where it is missing or damaged', () => {
    expect(open().options.history).toEqual([]);
    open().keep(['list']);
    writeFileSync(file(), '{"not": "lines"');
    expect(open().options.history).toEqual([]);
  });
});
