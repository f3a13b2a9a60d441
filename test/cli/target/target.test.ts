import { describe, expect, it } from 'vitest';
import { globMatcher, parseTarget, resolveTargets } from '../../../src/cli/target/target.js';
import { memory } from '../fake-context.js';

const server = { host: '127.0.0.1', port: 8080 };

describe('parseTarget', () => {
  const cases: [text: string, kind: string, means: string | number][] = [
    ['7', 'index', 7],
    ['007', 'index', 7],
    ['./7', 'path', '7'],
    ['././7', 'path', '7'],
    ['.//7', 'path', '7'],
    ['-3', 'path', '-3'],
    ['b.txt', 'path', 'b.txt'],
    ['docs/', 'path', 'docs'],
    ['./docs/x', 'path', 'docs/x'],
    ['../x', 'path', '../x'],
    ['.', 'path', '.'],
    ['./', 'path', '.'],
    ['/', 'path', '/'],
    ['photo (1).jpg', 'path', 'photo (1).jpg'],
    ['3 cats', 'path', '3 cats'],
    ['٣', 'path', '٣'],
    ['*.txt', 'glob', '*.txt'],
    ['./*.txt', 'glob', '*.txt'],
    ['a?c', 'glob', 'a?c'],
    ['a[1].txt', 'glob', 'a[1].txt'],
    ['{a,b}', 'glob', '{a,b}'],
    ['@(a|b)', 'glob', '@(a|b)'],
  ];
  it.each(cases)('%s is a %s: %s', (text, kind, means) => {
    const parsed = parseTarget(text);
    expect(parsed.kind).toBe(kind);
    expect(Object.values(parsed)).toContain(means);
  });
});

describe('globMatcher', () => {
  const cases: [glob: string, path: string, matches: boolean][] = [
    ['*.txt', 'a.txt', true],
    ['*.txt', 'sub/a.txt', false],
    ['**/*.txt', 'sub/a.txt', true],
    ['**/*.txt', 'a.txt', true],
    ['*', '.hidden', true],
    ['**', 'a/.b/c', true],
    ['A.txt*', 'a.txt', false],
    ['漢*', '漢字.txt', true],
  ];
  it.each(cases)('%s and %s: %s', async (glob, path, matches) => {
    expect((await globMatcher(glob))(path)).toBe(matches);
  });
});

describe('resolveTargets', () => {
  const resolve = (texts: string[], paths: string[], shown: readonly string[] | null = null) =>
    resolveTargets({ server, shown: memory(shown) }, texts, async () => [paths]);

  it('takes an index for the file last shown at that number', async () => {
    const found = await resolve(['1'], ['aaa', 'a', 'b'], ['a', 'b']);
    expect(found).toEqual([{ target: { path: 'b' }, shownAs: { index: '1', path: 'b' } }]);
  });

  it('leaves an index to the server where nothing was shown', async () => {
    expect(await resolve(['1'], [])).toEqual([{ target: { index: 1 } }]);
  });

  it.each([
    ['7', ['a', 'b'], 'No file number 7: the listing last shown here ends at 1.'],
    ['0', [], 'No file number 0: the listing last shown here is empty.'],
    ['99999999999999999999', null, 'No file number 99999999999999999999: no listing is that long.'],
  ])('refuses number %s of %j', async (text, shown, message) => {
    expect(await resolve([text], [], shown)).toMatchObject([{ refused: { error: { code: 'not-found', message } } }]);
  });

  it('lets an exact path win over a glob', async () => {
    expect(await resolve(['a[1].txt'], ['a1.txt', 'a[1].txt'])).toEqual([{ target: { path: 'a[1].txt' } }]);
  });

  it('makes a glob every path that it matches, and goes on after one that matches none', async () => {
    const found = await resolve(['*.gif', '*.txt'], ['a.txt', 'b.txt']);
    expect(found).toMatchObject([
      { refused: { path: '*.gif', error: { code: 'not-found' } } },
      { target: { path: 'a.txt' } },
      { target: { path: 'b.txt' } },
    ]);
  });

  it.each(['../x', '/etc/passwd', '.', '', '.lockstep/x'])('refuses %j and goes on', async (text) => {
    const found = await resolve([text, 'b.txt'], []);
    expect(found).toMatchObject([
      { refused: { path: text, error: { code: 'bad-path' } } },
      { target: { path: 'b.txt' } },
    ]);
  });

  it('does not ask for the listing where no glob is', async () => {
    const ask = () => Promise.reject(new Error('asked'));
    expect(await resolveTargets({ server, shown: memory() }, ['./7', 'x'], ask)).toHaveLength(2);
  });
});
