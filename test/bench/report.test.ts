// What a bench makes of its measurements: ratios within a repetition, verdicts, and the tables of the document.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRoot, removeRoot } from '../support/trees.js';
import { withFigures } from './document.js';
import type { ProgramName } from './programs/program.js';
import { evaluate, type Measured, type Report, type ScenarioReport } from './report.js';
import type { Figure, Goal } from './scenario.js';
import { SCENARIOS } from './scenarios/all.js';
import { median, percentile } from './statistics.js';
import { checkEqualTrees, firstDifference, makeTree, nameOf } from './trees.js';

const times = (...all: (number | null)[]): (readonly Figure[] | null)[] =>
  all.map((value) => (value === null ? null : [{ measure: 'time', value, unit: 'ms' }]));

const measured = (of: Partial<Record<ProgramName, (readonly Figure[] | null)[]>>): Measured =>
  new Map(Object.entries(of) as [ProgramName, (readonly Figure[] | null)[]][]);

test.each<[values: number[], part: number, result: number]>([
  [[3, 1, 2], 0, 1],
  [[3, 1, 2], 1, 3],
  [[5, 4, 3, 2, 1], 0.5, 3],
  [[2, 1], 0.99, 2],
])('of %j the part %d is at most %d', (values, part, result) => {
  expect(percentile(values, part)).toBe(result);
});

test.each([
  [[2], 2],
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the middle of %j is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});

describe('a goal', () => {
  const verdict = (goal: Goal, of: Parameters<typeof measured>[0]) =>
    evaluate({ goals: [goal] }, measured(of)).goals[0];
  const toRsync: Goal = { measure: 'time', of: { program: 'rsync' }, most: 2 };

  test('is judged by ratios within a repetition, not by the ratio of medians', () => {
    const found = verdict(toRsync, { lockstep: times(10, 200, 30), rsync: times(5, 50, 30) });
    expect(found).toMatchObject({ reached: 2, isMet: true });
  });

  test('leaves out a repetition that failed', () => {
    expect(verdict(toRsync, { lockstep: times(10, null, 90), rsync: times(5, 1, 30) })).toMatchObject({ reached: 2.5 });
  });

  test('is not judged without the other program', () => {
    expect(verdict(toRsync, { lockstep: times(10) })).toMatchObject({ reached: null, isMet: null });
  });

  test('is an amount where it names no other figure', () => {
    expect(verdict({ measure: 'time', most: 9 }, { lockstep: times(10) })).toMatchObject({ reached: 10, isMet: false });
  });

  test('can be a least amount', () => {
    expect(verdict({ measure: 'time', least: 9 }, { lockstep: times(10) })).toMatchObject({ isMet: true });
  });

  test('can be a multiple of another figure of its own', () => {
    const own: Figure[] = [
      { measure: 'time', value: 30, unit: 'ms' },
      { measure: 'half', value: 10, unit: 'ms' },
    ];
    const goal: Goal = { measure: 'time', of: { program: 'lockstep', measure: 'half' }, most: 2 };
    expect(verdict(goal, { lockstep: [own] })).toMatchObject({ reached: 3, isMet: false, of: 'its own half' });
  });
});

test('a row of another program says how many times its figure Lockstep needs', () => {
  const { rows } = evaluate({ goals: [] }, measured({ lockstep: times(10, 20), unison: times(20, 80) }));
  expect(rows.map(({ program, median, ratio }) => [program, median, ratio])).toEqual([
    ['lockstep', 15, null],
    ['unison', 50, 0.375],
  ]);
});

describe('the document', () => {
  const name = path.join(import.meta.dirname, '../../docs/performance.md');
  const scenario: ScenarioReport = {
    name: 'S1',
    what: 'some work',
    where: 'memory',
    load: 0.2,
    failures: [],
    ...evaluate(
      { goals: [{ measure: 'time', of: { program: 'rsync' }, most: 2 }] },
      measured({ lockstep: times(3000, 3200), rsync: times(1000, 1000) }),
    ),
  };
  const report: Report = {
    format: 1,
    machine: { at: '2030-01-02T03:04:05Z', commit: 'abc', node: '20', system: 'x', cpu: 'y', cores: 2, memoryGiB: 8 },
    options: { reps: 2, where: 'tmpfs', scale: 1 },
    programs: [{ name: 'rsync', version: null, flags: '-a', durability: 'nothing' }],
    scenarios: [scenario],
    growth: null,
  };
  const text = 'before\n<!-- bench: table -->\nold\n<!-- bench: end of table -->\nafter\n';

  test('gets the figures between its markers', () => {
    const written = withFigures(text, report);
    expect(written).toMatch(/^before\n<!-- bench: table -->\n\nMeasured on 2030-01-02 at commit abc, 2 times, medians/);
    expect(written).toContain(
      '| **S1** some work | time | 3.10 s (3.00 s – 3.20 s) | rsync 1.00 s (3.10 x) | **at most 2.00 x rsync: 3.10 x, not met** |',
    );
    expect(written).toContain('Goals: 0 met, 1 not met. Not measured in this run: S1-disk, S1-100k, S2,');
    expect(written).toContain('| rsync | not installed: left out |');
    expect(written).not.toMatch(/old|busy/);
    expect(written).toMatch(/<!-- bench: end of table -->\nafter\n$/);
    expect(withFigures(written, report)).toBe(written);
  });

  test('says so where the machine was busy', () => {
    expect(withFigures(text, { ...report, scenarios: [{ ...scenario, load: 4 }] })).toContain('The machine was busy');
  });

  test('is refused without markers', () => {
    expect(() => withFigures('nothing', report)).toThrow('has no markers');
  });

  test('docs/performance.md has the markers, and says what limits each scenario', () => {
    const present = fs.readFileSync(name, 'utf8');
    const growth = { load: 0, where: 'memory', files: [], sizes: [] } as const;
    expect(() => withFigures(present, { ...report, growth })).not.toThrow();
    const [, limits = ''] = /\n## What limits each row\n([\s\S]*?)\n## /.exec(present) ?? [];
    const rows = limits.split('\n').filter((line) => line.startsWith('| '));
    const missing = SCENARIOS.filter(
      (one) =>
        !rows.some((row) =>
          row
            .split('|')[1]!
            .split(',')
            .some((of) => of.trim() === one.name),
        ),
    );
    expect(missing.map((one) => one.name)).toEqual([]);
  });
});

describe('two trees', () => {
  /** @returns what the comparison says of two trees, of which `act` has changed one; null where they are equal. */
  const compared = async (act: (x: string, y: string) => void): Promise<string | null> => {
    const root = makeRoot('bench');
    const [x, y] = [path.join(root, 'x'), path.join(root, 'y')];
    for (const tree of [x, y]) await makeTree(tree, 3);
    try {
      act(x, y);
      await checkEqualTrees(x, y);
      return null;
    } catch (error) {
      return (error as Error).message;
    } finally {
      removeRoot(root);
    }
  };
  const file = (root: string) => path.join(root, nameOf(1));

  test('are made alike', async () => {
    expect(await compared((x, y) => expect(firstDifference(x, y)).toBe(null))).toBe(null);
  });

  test.each<[string, (x: string, y: string) => void, RegExp]>([
    ['a file is missing', (_, y) => fs.rmSync(file(y)), /is file of \d+ bytes in .* and undefined in/],
    ['there is one more', (_, y) => fs.writeFileSync(path.join(y, 'more'), ''), /^more is in .*, but not in/],
    ['a byte differs', (x) => fs.writeFileSync(file(x), Buffer.alloc(fs.statSync(file(x)).size)), / differ$/],
    ['a directory is missing', (x) => fs.mkdirSync(path.join(x, 'empty')), /^empty is directory in/],
  ])('differ where %s', async (_, act, message) => {
    expect(await compared(act)).toMatch(message);
  });

  test('are compared without what programs keep for themselves', async () => {
    expect(await compared((x) => fs.mkdirSync(path.join(x, '.lockstep')))).toBe(null);
  });
});
