// The rule that leaves a path out.
import { expect, test } from 'vitest';
import { linesOfSet } from '../../../src/core/ignore-sets.js';
import { IgnoreRules, ignoreLines } from '../../../src/disk/scan/ignore-rules.js';
import { checkIgnore } from '../../../src/sync/clients/check-ignore.js';

const FILE = '# comment\n*.tmp\r\n\nbuild/\n!keep.tmp\n*.tmp2\nbuild/\n/top\n';
const lines = ignoreLines(FILE);
const pair = {
  a: { rules: new IgnoreRules(['*.o', ...lines]) },
  b: { rules: new IgnoreRules(['*.bak', ...lines]) },
};
const asked = (path: string) => checkIgnore(path, pair, () => lines);
const inFile = (path: string, rule: string, line: number) => ({
  ...{ path, ignored: true, rule, source: 'file', file: '.lockstepignore', line, side: 'both' },
});

test.each<[string, object]>([
  ['x.tmp', inFile('x.tmp', '*.tmp', 2)],
  ['d/x.tmp', inFile('d/x.tmp', '*.tmp', 2)],
  ['d/build', inFile('d/build', 'build/', 7)],
  ['./build/', inFile('build', 'build/', 7)],
  [
    'build/out.o',
    {
      path: 'build/out.o',
      ignored: true,
      rule: 'build/',
      source: 'file',
      file: '.lockstepignore',
      line: 7,
      side: 'both',
    },
  ],
  ['x.o', { path: 'x.o', ignored: true, rule: '*.o', source: 'flag', side: 'a' }],
  ['x.bak', { path: 'x.bak', ignored: true, rule: '*.bak', source: 'flag', side: 'b' }],
  ['keep.tmp', { path: 'keep.tmp', ignored: false }],
  ['x.txt', { path: 'x.txt', ignored: false }],
  ['d/top', { path: 'd/top', ignored: false }],
  [
    '.lockstep/versions',
    { path: '.lockstep/versions', ignored: true, rule: '.lockstep', source: 'built-in', side: 'both' },
  ],
  ['d/~$x.docx', { path: 'd/~$x.docx', ignored: true, rule: '~$*', source: 'built-in', side: 'both' }],
  ['.~lock.x.odt#', { path: '.~lock.x.odt#', ignored: true, rule: '.~lock.*#', source: 'built-in', side: 'both' }],
  ['d/.x.txt.swp', { path: 'd/.x.txt.swp', ignored: true, rule: '.*.sw[a-p]', source: 'built-in', side: 'both' }],
])('%s', (path, answer) => {
  expect(asked(path)).toEqual(answer);
});

test('a line of a stock set is told by the name of the set, where all of it is in force', () => {
  const office = linesOfSet('office');
  const some = office.slice(0, 3);
  const rules = (lines: readonly string[]) => ({ rules: new IgnoreRules(lines) });
  const all = { a: rules(['*.o', ...office, '*.p']), b: rules([...office, ...linesOfSet('cad')]) };
  const source = (path: string, pair = all) => {
    const { source, set, side } = checkIgnore(path, pair, () => []);
    return [source, set, side];
  };
  expect(source('d/~WRL0001.tmp')).toEqual(['set', 'office', 'both']);
  expect(source('fp-info-cache')).toEqual(['set', 'cad', 'b']);
  expect(source('x.o')).toEqual(['flag', undefined, 'a']);
  expect(source('~WRL0001.tmp', { a: rules(some), b: rules(some) })).toEqual(['flag', undefined, 'both']);
});

test.each(['../x', '/etc/passwd'])('%s is no path', (path) => {
  expect(() => asked(path)).toThrow(expect.objectContaining({ code: 'bad-path' }));
});
