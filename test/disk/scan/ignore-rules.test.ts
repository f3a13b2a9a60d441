import ignore from 'ignore';
import { describe, expect, it, vi } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { builtInRuleFor, IgnoreRules, ignoreLines, isNeverSynchronised } from '../../../src/disk/scan/ignore-rules.js';
import { chance } from '../../support/crash-editor.js';

it.each([
  ['.lockstep', true],
  ['.DS_Store', true],
  ['Thumbs.db', true],
  ['desktop.ini', true],
  ['~$report.docx', true],
  ['.~lock.report.odt#', true],
  ['.~lock.report.odt', false],
  ['~report', false],
  ['.notes.txt.swp', true],
  ['.notes.swo', true],
  ['.x.sw1', false],
  ['.notes.txt.swq', false],
  ['plan.dwl2', true],
  ['~plate.kicad_pcb.lck', true],
  ['.#notes.txt', true],
  ['notes.lck', false],
  ['notes.swp', false],
  ['.swp', false],
  ['.swap', false],
  ['.x.swiss', false],
  ['.lockstepignore', false],
  ['.gitignore', false],
  ['thumbs.db', false],
])('by its name alone, %s is left out: %s', (name, out) => {
  expect(isNeverSynchronised(name)).toBe(out);
  const rules = new IgnoreRules([]);
  expect(rules.ignores(name as RelPath, false)).toBe(out);
  expect(rules.ignores(`deep/${name}` as RelPath, false)).toBe(out);
  expect(rules.ignores(`deep/${name}/below` as RelPath, false)).toBe(out);
});

it.each([
  ['x.txt', null],
  ['d/.lockstep/versions/x.txt', '.lockstep'],
  ['d/Thumbs.db', 'Thumbs.db'],
  ['d/~$report.docx', '~$*'],
  ['.~lock.report.odt#', '.~lock.*#'],
  ['d/plan.DWL', '*.dwl'],
  ['d/.notes.txt.swp/x', '.*.sw[a-p]'],
])('the rule that leaves out %s for everybody is shown as %s', (path, rule) => {
  expect(builtInRuleFor(path)).toBe(rule);
});

it.each([
  ['*.o', 'x/main.o', false, true],
  ['*.o', 'x/main.O', false, false],
  ['/build', 'build', true, true],
  ['/build', 'src/build', true, false],
  ['build/', 'build', false, false],
  ['build/', 'build', true, true],
  ['build/', 'build/x/y', false, true],
  ['docs/*.txt', 'docs/a/b.txt', false, false],
  ['**/tmp', 'a/b/tmp', true, true],
])('%s and %s (a directory: %s): %s', (line, path, isDir, out) => {
  expect(new IgnoreRules([line]).ignores(path as RelPath, isDir)).toBe(out);
});

it.each([
  [['*.o', 'build/'], 'build/x.o', 'build/'],
  [['build/', '*.o', '!x.o'], 'build/x.o', 'build/'],
  [['build/', '*.o', '!x.o'], 'x.o', null],
  [['*.o', '!x.o', '*.o'], 'x.o', '*.o'],
  [['a/**/b/**/c', '*.o'], 'a/1/b/2/c', 'a/**/b/**/c'],
])('of %j, %s is left out by %j', (lines, path, line) => {
  expect(new IgnoreRules(lines).deciding(path as RelPath, false)).toBe(line);
});

it('of many lines that match and are taken back, the deciding one is found with few matchers', () => {
  const many = Array.from({ length: 1_600 }, (_, n) => (n % 2 === 0 ? `*.o${'*'.repeat(n % 7)}` : '!x.o'));
  const made = vi.spyOn(IgnoreRules.prototype, 'matches');
  expect(new IgnoreRules(['/x.o', ...many, 'x.*', '!y']).deciding('x.o' as RelPath, false)).toBe('x.*');
  expect(made.mock.calls.length).toBeLessThan(20);
  made.mockRestore();
});

it('the deciding line is the last one that leaves the path out together with those that take back', () => {
  const seed = Date.now() % 1e6;
  const below = chance(seed);
  const parts = ['a', 'a/', '/a', 'b', 'a/b', 'a/*', '*.o', '**/b', 'b/', '/a/b/x.o', 'x.o', '*'];
  for (let round = 0; round < 300; round++) {
    const lines = Array.from({ length: 1 + below(6) }, () => `${['', '', '!'][below(3)]}${parts[below(parts.length)]}`);
    const path = ['a/b/x.o', 'a', 'b/x.o', 'x.o', 'a/b'][below(5)] as RelPath;
    const leavesOut = (n: number) =>
      !lines[n]!.startsWith('!') &&
      new IgnoreRules([lines[n]!, ...lines.slice(n + 1).filter((line) => line[0] === '!')]).matches(path, false);
    const wanted = new IgnoreRules(lines).matches(path, false) ? lines.findLast((_line, n) => leavesOut(n)) : null;
    expect(new IgnoreRules(lines).deciding(path, false), `seed ${seed}: ${lines.join(' ')} of ${path}`).toBe(wanted);
  }
});

it('a later line can include again what an earlier one excluded', () => {
  const rules = new IgnoreRules(['*.log', '!keep.log']);
  expect(rules.ignores('a.log' as RelPath, false)).toBe(true);
  expect(rules.ignores('keep.log' as RelPath, false)).toBe(false);
});

it('reads lines of any ending, without comments and empty ones', () => {
  expect(new IgnoreRules(ignoreLines('\ufeff# mine\r\n*.o\r\n\n  \n\\#x\n')).lines).toEqual(['*.o', '\\#x']);
});

it('stays correct when the cache of the matcher is replaced', () => {
  const rules = new IgnoreRules(['*.o']);
  const names = Array.from({ length: 50_000 }, (_, n) => `f${n}.o` as RelPath);
  expect(names.filter((name) => !rules.matches(name, false))).toEqual([]);
  expect(rules.matches('f.c' as RelPath, false)).toBe(false);
});

describe('rules with several **', () => {
  const deep = (name: string) => Array.from({ length: 2_040 }, () => name).join('/') as RelPath;

  it.each([
    ['**/a/**/a/**/a/**/a/b', 'a'],
    ['a/**/a/**/a/**/a/**/a/b', 'a'],
    [`${'a/**/'.repeat(600)}b`, 'a'],
    [`a/${'**/'.repeat(1_000)}b`, 'a'],
    [`**/${'a*/'.repeat(600)}b/**/c`, 'a'],
    ['**/a/**/b', 'a'],
    ['**/a/a/a/a/b', 'a'],
    ['a/**/a/a/a/b', 'a'],
    [`**/${'a/'.repeat(1_000)}b`, 'a'],
    [`a/**/${'a*/'.repeat(600)}b`, 'a'],
    [`${'a/'.repeat(1_000)}b`, 'a'],
    ['!**/a/**/a/**/b', 'a'],
    ['**/*a/**/*a*/**/b', 'a'],
  ])('end soon, whatever the path: %s', (line, name) => {
    const rules = new IgnoreRules(['*.o', line]);
    const before = process.cpuUsage();
    expect(rules.matches(deep(name), false)).toBe(false);
    const { user, system } = process.cpuUsage(before);
    // Some 50 ms each; what tries every way takes 39 s.
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('mean what `ignore` means, alone and among others', () => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const pick = (of: readonly string[]) => of[random(of.length)]!;
    const some = (most: number, of: readonly string[]) =>
      Array.from({ length: 1 + random(most) }, () => pick(of)).join('/');
    const parts = ['**', '**', '**', '***', 'a', 'b', 'a*', '*', '?b', '[ab]', 'a ', '\\a'];
    const line = () =>
      `${pick(['', '', '!'])}${pick(['', '', '/'])}${some(6, parts)}${pick(['', '', '/', ' ', '\\ '])}`;
    let ignored = 0;
    for (let n = 0; n < 400; n++) {
      const lines = Array.from({ length: 1 + random(4) }, line);
      const rules = new IgnoreRules(lines);
      const plain = ignore({ ignoreCase: false }).add(lines);
      for (let m = 0; m < 12; m++) {
        const path = some(6, ['a', 'b', 'ab', 'a ', 'c']) as RelPath;
        const isDir = random(2) === 0;
        const expected = plain.ignores(isDir ? `${path}/` : path);
        expect([lines, path, isDir, rules.matches(path, isDir)]).toEqual([lines, path, isDir, expected]);
        if (expected) ignored++;
      }
    }
    expect(ignored).toBeGreaterThan(300);
  });
});

it.each([
  [['*.log', 'x'], ['*.log', 'x'], true],
  [['*.log', 'x'], ['# a comment', '*.log', '', 'x\r'], true],
  [['*.log', 'x'], ['x', '*.log'], false],
  [['*.log', 'x'], ['*.log'], false],
  [['*.log'], ['*.log', 'x'], false],
  [[], [], true],
])('the rules %j and %j are the same: %s', (one, other, expected) => {
  expect(new IgnoreRules(one).equals(new IgnoreRules(other))).toBe(expected);
});
