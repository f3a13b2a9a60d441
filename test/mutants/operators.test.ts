// What the operators make of a line, and that marked code does what it did.
import { describe, expect, test } from 'vitest';
import { markAt, marked } from './marks.js';
import { applied, shown } from './mutation.js';
import { mutationsOf } from './operators.js';

const cases: [it: string, text: string, mutants: string[]][] = [
  ['a condition', 'if (a) f();', ['if (true) f();', 'if (false) f();', 'if (a) ;']],
  ['a choice', 'x = a ? b : c;', [';', 'x = true ? b : c;', 'x = false ? b : c;']],
  ['a loop', 'while (a) {}', ['while (false) {}']],
  ['a boundary and its opposite', 'const x = a < b;', ['const x = a <= b;', 'const x = a >= b;']],
  [
    'both, one of them',
    'const x = a && !b;',
    ['const x = a || !b;', 'const x = a;', 'const x = !b;', 'const x = a && b;'],
  ],
  ['what there is, or else', 'const x = a ?? b;', ['const x = a;', 'const x = b;']],
  [
    'an operand keeps its brackets',
    'const x = (a || b) && c;',
    [
      'const x = (a || b) || c;',
      'const x = (a || b);',
      'const x = c;',
      'const x = (a && b) && c;',
      'const x = (a) && c;',
      'const x = (b) && c;',
    ],
  ],
  ['a sum', 'const x = a + 1;', ['const x = a - 1;', 'const x = a + 2;']],
  ['texts are joined, not added', `const x = 'a' + b;`, [`const x = '' + b;`]],
  ['steps', 'n++;', ['n--;']],
  ['small numbers only', 'const x = [7, 60_000];', ['const x = [];', 'const x = [8, 60_000];']],
  ['words, no sentences', `const x = ['word', 'a sentence'];`, ['const x = [];', `const x = ['', 'a sentence'];`]],
  ['waiting', 'await f();', [';', 'void f();']],
  [
    'a result',
    'const f = () => { return 2; };',
    ['const f = () => { return null; };', 'const f = () => { return undefined; };', 'const f = () => { return 3; };'],
  ],
  ['a body', 'function f() { g(); h(); }', ['function f() {}', 'function f() { ; h(); }', 'function f() { g(); ; }']],
  ['opposites', 'const x = Math.min(a, b);', ['const x = Math.max(a, b);']],
  ['a call of the same kind', 'const x = a.filter(b);', ['const x = a;']],
  ['types', `type X = 'a' | 1; const x: [1] = y as [1];`, []],
  ['imports', `import { x } from 'y';`, []],
  ['what is said', 'throw new Error(a ? `b` : c); this.log.warn(a && b);', []],
  ['pauses, in which other work is done', 'if (n % 2 === 0) await nextTurn(); if (a.b) await this.#slice.rest();', []],
  ['a method that every object has', 'const x = a.toString();', []],
];

test.each(cases)('%s', (_, text, mutants) => {
  expect(mutationsOf('src/x.ts', text).map((mutation) => applied(mutation, text))).toEqual(mutants);
});

test('a mutant is shown with its line', () => {
  const text = 'const a = 1;\n  const b =\n    a < 2;\n';
  expect(shown(mutationsOf('src/x.ts', text)[1]!, text)).toEqual({
    line: 3,
    source: 'a < 2;',
    original: '<',
    mutated: '<=',
  });
});

describe('marks', () => {
  const text = `
    const twice = (n) => n * 2;
    function f(n) {
      if (n > 1) { return [n].map((m) => twice(m)); }
      switch (n) {
        case 1: return 'one';
        default: return '-';
      }
    }
    return f(given);`;

  const run = (source: string, given: number, seen: string[]): unknown =>
    new Function('given', '__lockstepMark', source)(given, (mark: string) => seen.push(mark));

  test.each([0, 1, 2])('change nothing of %d', (given) => {
    expect(run(marked('f.ts', text), given, [])).toEqual(run(text, given, []));
  });

  test.each([
    ['n * 2', 2, true],
    ['n * 2', 1, false],
    [`'one'`, 1, true],
    [`'one'`, 0, false],
    ['n > 1', 0, true],
    ['twice(m)', 2, true],
  ])('%s, given %d: %s', (place, given, isSeen) => {
    const seen: string[] = [];
    run(marked('f.ts', text), given, seen);
    const start = text.indexOf(place);
    expect(seen.includes(markAt('f.ts', text, { start, end: start + place.length })!)).toBe(isSeen);
  });

  test('what the module itself runs has none', () => {
    expect(markAt('f.ts', text, { start: 5, end: 10 })).toBeNull();
  });
});
