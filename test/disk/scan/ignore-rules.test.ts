import { expect, it } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { IgnoreRules, ignoreLines, isNeverSynchronised } from '../../../src/disk/scan/ignore-rules.js';

it.each([
  ['.lockstep', true],
  ['.DS_Store', true],
  ['Thumbs.db', true],
  ['desktop.ini', true],
  ['~$report.docx', true],
  ['.~lock.report.odt#', true],
  ['.~lock.report.odt', false],
  ['~report', false],
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

it('takes back what a later line takes back', () => {
  const rules = new IgnoreRules(['*.log', '!keep.log']);
  expect(rules.ignores('a.log' as RelPath, false)).toBe(true);
  expect(rules.ignores('keep.log' as RelPath, false)).toBe(false);
});

it('reads lines of any ending, without comments and empty ones', () => {
  expect(new IgnoreRules(ignoreLines('\ufeff# mine\r\n*.o\r\n\n  \n\\#x\n')).lines).toEqual(['*.o', '\\#x']);
});

it('stays right beyond what it remembers', () => {
  const rules = new IgnoreRules(['*.o']);
  const names = Array.from({ length: 50_000 }, (_, n) => `f${n}.o` as RelPath);
  expect(names.filter((name) => !rules.matches(name, false))).toEqual([]);
  expect(rules.matches('f.c' as RelPath, false)).toBe(false);
});
