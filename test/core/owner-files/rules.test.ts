// `.lockstep-rules`: what a line says, which line counts, what is wrong with a bad one, and that patterns mean what they
// mean in `.gitignore`.
import fc from 'fast-check';
import ignore from 'ignore';
import { describe, expect, it, test } from 'vitest';
import { parseLockRules } from '../../../src/core/owner-files/rules.js';
import { propertyMs, replay, runs } from '../../support/core/random.js';

const DEFAULT = { auto: 'auto', guard: false, firstWriteMs: null };

const ruleOf = (text: string, path: string) => {
  const { rules, problems } = parseLockRules(text);
  expect(problems).toEqual([]);
  return rules.ruleOf(path);
};

test.each([
  ['', 'plan.dwg', {}],
  ['', 'tower.rvt', { auto: 'never' }],
  ['', 'a/TOWER.RVT', { auto: 'never' }],
  ['*.rvt auto', 'tower.rvt', { auto: 'auto' }],
  ['* guard', 'tower.rvt', { auto: 'never', guard: true }],
  ['*.dwg never', 'plan.dwg', { auto: 'never' }],
  ['*.dwg never', 'plan.DWG', { auto: 'never' }],
  ['*.dwg never', 'plan.dwg.bak', {}],
  ['*.dwg guard', 'plan.dwg', { guard: true }],
  ['*.psd first-write 10m', 'x.psd', { firstWriteMs: 600_000 }],
  ['*.psd guard first-write 90s auto', 'x.psd', { guard: true, firstWriteMs: 90_000 }],
  ['*.psd never guard', 'x.psd', { auto: 'never', guard: true }],
  ['* never\n*.psd guard', 'x.psd', { guard: true }],
  ['*.psd guard\n* never', 'x.psd', { auto: 'never' }],
  ['*.psd guard\n*.ai never', 'x.psd', { guard: true }],
  ['# a comment\n\n   \n*.psd guard # why', 'x.psd', { guard: true }],
  ['\ufeff*.psd guard\r\n', 'x.psd', { guard: true }],
  ['  *.psd\tguard  ', 'x.psd', { guard: true }],
  ['my\\ files/*.psd guard', 'my files/x.psd', { guard: true }],
  ['"my files/*.psd" guard', 'my files/x.psd', { guard: true }],
  ['"a\\"b" guard', 'a"b', { guard: true }],
  ['\\"a guard', '"a', { guard: true }],
  ['\\#a guard', '#a', { guard: true }],
  ['\\!a guard', '!a', { guard: true }],
])('%j: %s %j', (text, path, rule) => {
  expect(ruleOf(text, path)).toEqual({ ...DEFAULT, ...rule });
});

test.each([
  ['500ms', 500],
  ['10', 10_000],
  ['60s', 60_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['1w', 604_800_000],
  ['10MIN', 600_000],
  ['2hours', 7_200_000],
  ['2147483647ms', 2_147_483_647],
])('first-write %s: %d ms', (text, ms) => {
  expect(ruleOf(`* first-write ${text}`, 'x').firstWriteMs).toBe(ms);
});

test.each([
  ['*.psd', /^A word is missing after the pattern: auto, never, guard, or first-write/],
  ['*.psd # guard', /^A word is missing/],
  ['*.psd lock', /^"lock" is none of these: auto, never, guard/],
  ['*.psd Guard', /^"Guard" is none of these/],
  ['my files/*.psd guard', /^"files\/\*\.psd" is none of these/],
  ['*.psd \x1b[31m', /^"\\u001b\[31m" is none of these/],
  ['*.psd auto never', /^A line says either auto or never\.$/],
  ['*.psd never first-write 10m', /^A line says either never or first-write\.$/],
  ['*.psd first-write', /^first-write takes a duration such as 60s or 10m/],
  ['*.psd first-write guard', /^first-write takes/],
  ['*.psd first-write 0s', /^first-write takes/],
  ['*.psd first-write 2147483648ms', /^first-write takes/],
  ['*.psd first-write -1s', /^first-write takes/],
  ['*.psd first-write 25d', /^first-write takes .* 24 days/],
  ['*.psd first-write 1y', /^first-write takes/],
  ['"*.psd guard', /^The pattern has no closing quote/],
  ['"*.psd"guard', /^The pattern has no closing quote, or no blank after it/],
  ['"" guard', /^The pattern is empty/],
  ['/ guard', /^The pattern is empty/],
  ['a//b guard', /^The pattern is empty, or a name in it is/],
  ['!*.psd guard', /^A pattern cannot begin with "!"/],
  ['../x guard', /^A pattern is below the root/],
  ['./x guard', /^A pattern is below the root/],
  ['[a guard', /^The pattern has a "\[" that is not closed/],
  ['a\\', /^The pattern has a "\[" that is not closed, or a backslash/],
  ['a\\/b guard', /a backslash before nothing/],
  [`${'x'.repeat(1_001)} guard`, /^The pattern is longer than 1000 characters/],
])('%j is told, and the other lines count', (line, message) => {
  const { rules, problems } = parseLockRules(`*.ai guard\n${line}\n*.dwg never`);
  expect(problems).toEqual([{ line: 2, message: expect.stringMatching(message) }]);
  expect(rules.ruleOf('x.ai')).toEqual({ ...DEFAULT, guard: true });
  expect(rules.ruleOf('x.dwg')).toEqual({ ...DEFAULT, auto: 'never' });
  expect(rules.ruleOf('x.psd')).toEqual(DEFAULT);
});

it('reads 1,000 lines and 64 KiB, and says where there are more', () => {
  const most = `${'\n'.repeat(999)}*.a guard`;
  expect(parseLockRules(most)).toMatchObject({ problems: [] });
  expect(parseLockRules(most).rules.ruleOf('x.a').guard).toBe(true);
  expect(parseLockRules(`${most}\n`).problems).toEqual([]);
  const more = parseLockRules(`${most}\n*.a never\n*.b never`);
  expect(more.problems).toEqual([{ line: 1_001, message: 'Only the first 1,000 lines count.' }]);
  expect(more.rules.ruleOf('x.a')).toEqual({ ...DEFAULT, guard: true });
  expect(more.rules.ruleOf('x.b')).toEqual(DEFAULT);

  const line = '*.a guard #';
  const full = parseLockRules(line + 'ä'.repeat((65_536 - line.length - 1) / 2));
  expect(full.problems).toEqual([]);
  const large = parseLockRules(line + 'ä'.repeat((65_536 - line.length + 1) / 2));
  expect(large.problems).toEqual([
    { line: 1, message: expect.stringMatching(/larger than 64 KiB; no line of it counts/) },
  ]);
  expect(large.rules.ruleOf('x.a')).toEqual(DEFAULT);
  expect(large.rules.ruleOf('x.rvt').auto).toBe('never');
});

test.each([
  ['*.dwg', 'a.dwg', true],
  ['*.dwg', 'd/e/a.dwg', true],
  ['/*.dwg', 'd/a.dwg', false],
  ['/a/*.psd', 'a/x.psd', true],
  ['/a/*.psd', 'b/a/x.psd', false],
  ['a/*.psd', 'b/a/x.psd', false],
  ['a/*.psd', 'a/b/x.psd', false],
  ['a', 'b/a/c/d', true],
  ['a/', 'a', false],
  ['a/', 'b/a/c', true],
  ['/a/', 'b/a/c', false],
  ['a/**', 'a', false],
  ['a/**', 'a/b/c', true],
  ['a/**/c', 'a/c', true],
  ['a/**/c', 'a/x/y/c', true],
  ['**/c', 'c', true],
  ['**', 'x/y', true],
  ['x?z', 'x/z', false],
  ['x[!a-c]z', 'xdz', true],
  ['x[!a-c]z', 'xbz', false],
  ['x[]]z', 'x]z', true],
  ['x[\\]]z', 'x]z', true],
  ['x[a-]z', 'x-z', true],
  ['\\*', 'x', false],
  ['\\*', '*', true],
  ['?', '😀', true],
  ['Ä*', 'äx', true],
])('%s describes %s: %s', (pattern, path, yes) => {
  expect(ruleOf(`${pattern} guard`, path).guard).toBe(yes);
});

it('takes no longer than the pattern is long times the path, whatever they are', () => {
  const before = process.cpuUsage();
  const deep = Array.from({ length: 2_000 }, () => 'a').join('/');
  expect(ruleOf(`${'**/a/'.repeat(190)}b guard`, deep).guard).toBe(false);
  expect(ruleOf(`${'*a'.repeat(490)}b guard`, 'a'.repeat(4_000)).guard).toBe(false);
  const { user, system } = process.cpuUsage(before);
  // Some 100 ms; what tries every way takes for ever.
  expect((user + system) / 1_000).toBeLessThan(3_000);
});

describe(`random patterns (${replay})`, () => {
  const unit = fc.constantFrom('a', 'b', '*', '?', '[ab]', '[!a]', '\\a', 'A');
  const name = fc.oneof(
    { weight: 1, arbitrary: fc.constant('**') },
    { weight: 4, arbitrary: fc.array(unit, { minLength: 1, maxLength: 4 }).map((units) => units.join('')) },
  );
  const pattern = fc
    .tuple(fc.constantFrom('', '', '/'), fc.array(name, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '/'))
    .map(([before, names, after]) => before + names.join('/') + after);
  const path = fc
    .array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((names) => names.join('/'));

  it(
    'mean what they mean in .gitignore, in letters of any size',
    () => {
      fc.assert(
        fc.property(pattern, fc.array(path, { minLength: 8, maxLength: 8 }), (pattern, paths) => {
          const plain = ignore({ ignoreCase: true }).add([pattern]);
          const { rules } = parseLockRules(`${pattern} guard`);
          for (const one of paths) expect([one, rules.ruleOf(one).guard]).toEqual([one, plain.ignores(one)]);
        }),
        runs(300),
      );
    },
    propertyMs,
  );

  it(
    'of any text, nothing throws, and every problem has the number of its line',
    () => {
      const text = fc.string({
        unit: fc.constantFrom('a', '*', ' ', '\n', '"', '\\', '[', '/', '#', ' guard', ' never\n'),
        maxLength: 60,
      });
      fc.assert(
        fc.property(text, path, (text, path) => {
          const { rules, problems } = parseLockRules(text);
          const count = text.split('\n').length;
          for (const { line, message } of problems) {
            expect(line).toBeGreaterThan(0);
            expect(line).toBeLessThanOrEqual(count);
            expect(message).toMatch(/^.+\.$/);
          }
          rules.ruleOf(path);
        }),
        runs(300),
      );
    },
    propertyMs,
  );
});
