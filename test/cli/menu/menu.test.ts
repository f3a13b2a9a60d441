import { describe, expect, it } from 'vitest';
import { SyncError } from '../../../src/core/errors.js';
import { fakeApi, run } from '../fake-context.js';

const menu = (stdin: string, paths = ['a.txt', 'b.txt'], calls: unknown[] = []) =>
  run(['menu'], { stdin, api: fakeApi(paths, calls) });

describe('the menu, driven by lines', () => {
  it('lists, locks and unlocks by number and by name, and ends at quit', async () => {
    const { code, out, err } = await menu('1\n2\n1\n3\nb.txt\nlock\na.txt\n8\n2\n0\n');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const said = out.split('\n').filter((line) => /^(#|Locked|Unlocked)/.test(line));
    expect(said).toEqual([
      expect.stringMatching(/^# +name/),
      expect.stringMatching(/^Locked b\.txt /),
      'Unlocked b.txt.',
      expect.stringMatching(/^Locked a\.txt /),
    ]);
    expect(out.match(/8 quit/g)).toHaveLength(5);
  });

  it.each(['8', 'quit', 'q', 'exit'])('ends at %s', async (word) => {
    expect((await menu(`${word}\n1\n`)).out).not.toContain('#');
  });

  it.each(['', '2\n', '7\na.txt\n', '4\n'])('ends quietly where the input ends, after %j', async (stdin) => {
    expect(await menu(stdin)).toMatchObject({ code: 0, err: '' });
  });

  it('explains what it was not asked, and goes on', async () => {
    const { code, out, err } = await menu('9\nnonsense\n\n2\nmissing\n2\n\n2\nb.txt\n');
    expect(code).toBe(0);
    expect(err.trim().split('\n')).toEqual([
      'The menu has no "9". Type a number from 1 to 8.',
      'The menu has no "nonsense". Type a number from 1 to 8.',
      'There is no file missing.',
    ]);
    expect(out).toMatch(/Locked b\.txt /);
  });

  it.each<[string, string, unknown[][], RegExp]>([
    ['uploads', '4\n/there/new.txt\n8\n', [['upload', '/there/new.txt', 'new.txt', { overwrite: false }]], /new\.txt/],
    [
      'uploads under a name',
      '4\n/there/x docs/\n8\n',
      [['upload', '/there/x', 'docs/x', { overwrite: false }]],
      /docs\/x/,
    ],
    [
      'overwrites by uploading, once that is agreed to',
      'upload\n/there/a.txt\ny\n8\n',
      [
        ['upload', '/there/a.txt', 'a.txt', { overwrite: false }],
        ['upload', '/there/a.txt', 'a.txt', { overwrite: true }],
      ],
      /Overwrite a\.txt\? \(y\/n\)/,
    ],
    [
      'overwrites nothing at no',
      '4\n/there/a.txt\nn\n8\n',
      [['upload', '/there/a.txt', 'a.txt', { overwrite: false }]],
      /Overwrite/,
    ],
    [
      'takes what is neither yes nor no for the next choice',
      '4\n/there/a.txt\n6\nb.txt\n8\n',
      [
        ['upload', '/there/a.txt', 'a.txt', { overwrite: false }],
        ['remove', [{ path: 'b.txt' }], { recursive: false }],
      ],
      /b\.txt/,
    ],
    ['deletes', '6\nb.txt\n8\n', [['remove', [{ path: 'b.txt' }], { recursive: false }]], /b\.txt/],
    ['renames', '7\na.txt\nc d.txt\n8\n', [['rename', { path: 'a.txt' }, 'c d.txt', { overwrite: false }]], /c d\.txt/],
    [
      'overwrites by renaming, once that is agreed to',
      'rename\na.txt\nb.txt\nyes\n8\n',
      [
        ['rename', { path: 'a.txt' }, 'b.txt', { overwrite: false }],
        ['rename', { path: 'a.txt' }, 'b.txt', { overwrite: true }],
      ],
      /Overwrite b\.txt\?/,
    ],
    ['goes back at an empty line', '4\n\n5\n\n6\n\n7\n\n7\na.txt\n\n8\n', [], /8 quit/],
  ])('%s', async (_, stdin, wanted, said) => {
    const calls: unknown[][] = [];
    const { code, out } = await menu(stdin, ['a.txt', 'b.txt'], calls);
    expect(calls.filter(([word]) => word !== 'list')).toEqual(wanted);
    expect(out).toMatch(said);
    expect(code).toBe(0);
  });

  it('advises no option where it asks the same', async () => {
    const { out, err } = await menu('7\na.txt\nb.txt\nn\n8\n');
    expect(out).toContain('Overwrite b.txt? (y/n)');
    expect(err).toBe('"b.txt" exists already.\n');
  });

  it('asks about the path that would be overwritten', async () => {
    const { out } = await menu('7\n./b.txt\ndocs/\nn\n8\n', ['b.txt', 'docs/b.txt']);
    expect(out).toContain('Overwrite docs/b.txt? (y/n)');
  });

  it('downloads into the directory it was started in', async () => {
    const calls: unknown[][] = [];
    expect(await menu('5\na.txt\n8\n', ['a.txt'], calls)).toMatchObject({ code: 0, err: '' });
    expect(calls.filter(([word]) => word !== 'list')).toEqual([
      ['download', { path: 'a.txt' }, '.', { overwrite: false }],
    ]);
  });

  it.each<[string, string[], unknown[]]>([
    ['a.txt copies/', ['a.txt'], [{ path: 'a.txt' }, 'copies/']],
    ["'my plan.txt' ~/plan.txt", ['my plan.txt'], [{ path: 'my plan.txt' }, '/home/ann/plan.txt']],
    ['my plan.txt', ['my plan.txt'], [{ path: 'my plan.txt' }, '.']],
  ])('downloads %s to where the line says', async (line, paths, wanted) => {
    const calls: unknown[][] = [];
    await run(['menu'], { stdin: `5\n${line}\n8\n`, api: fakeApi(paths, calls), env: { HOME: '/home/ann' } });
    expect(calls.filter(([word]) => word === 'download')).toEqual([['download', ...wanted, { overwrite: false }]]);
  });

  it('goes on when the server is away', async () => {
    const connect = () => Promise.reject(new SyncError('unreachable', 'Cannot reach it.'));
    const { code, err } = await run(['menu'], { stdin: '1\n2\n0\n8\n', connect });
    expect(code).toBe(0);
    expect(err.match(/Cannot reach it/g)).toHaveLength(2);
  });
});

describe('the menu on a terminal without escape codes', () => {
  const typed = async (stdin: string, paths = ['a.txt', 'bobs.txt', 'my plan.txt']) => {
    const calls: unknown[][] = [];
    const api = fakeApi(paths, calls);
    await api.lock([{ path: 'bobs.txt' }]);
    calls.length = 0;
    const env = { TERM: 'dumb', HOME: '/home/ann' };
    const ran = await run(['menu'], { stdin, api, env, terminal: true, stdinIsTerminal: true });
    expect(ran.out + ran.err).not.toContain('\u001b');
    return { ...ran, calls: calls.filter(([word]) => word !== 'list') };
  };

  it.each<[string, string, unknown[][], RegExp]>([
    [
      'asks where a download goes',
      '5\na.txt\n~/Desktop/b.txt\n8\n',
      [['download', { path: 'a.txt' }, '/home/ann/Desktop/b.txt', { overwrite: false }]],
      /Where to on this machine \[\.\/a\.txt\]: /,
    ],
    [
      'proposes the own name in the present directory',
      '5\n2\n\n8\n',
      [['download', { path: 'my plan.txt' }, './my plan.txt', { overwrite: false }]],
      /\[\.\/my plan\.txt\]/,
    ],
    [
      'asks before it deletes',
      '6\na.txt\nno\n8\n',
      [],
      /Delete a\.txt on both sides\? .* \[y\/N\] Nothing was changed\./,
    ],
    ['deletes at yes', '6\n0\ny\n8\n', [['remove', [{ path: 'a.txt' }], { recursive: false }]], /Delete a\.txt/],
    [
      'asks for the new name, and once more',
      '7\n0\nb.txt\ny\n8\n',
      [['rename', { path: 'a.txt' }, 'b.txt', { overwrite: false }]],
      /from the top of the pair \[a\.txt\]: Rename a\.txt to b\.txt\? \[y\/N\] /,
    ],
    ['goes back at an empty line', '2\n\n8\n', [], /Nothing was changed\./],
  ])('%s', async (_, stdin, wanted, said) => {
    const { code, out, calls } = await typed(stdin);
    expect([code, calls]).toEqual([0, wanted]);
    expect(out).toMatch(said);
  });

  it.each<[string, string, RegExp]>([
    ['there is no such file to rename', '7\nmissing\n8\n', /^There is no file "missing"\.$/],
    ['there is no such file to delete', '6\n9\n8\n', /^There is no file "9"\.$/],
    ['there is no such file to download', '5\nmissing\n8\n', /^There is no file "missing"\.$/],
    ['another has locked it', '6\nbobs.txt\n8\n', /^"bobs\.txt" is locked by bob since .*; nothing was changed\./],
    ['another has locked what is renamed', '7\n1\n8\n', /^"bobs\.txt" is locked by bob since /],
  ])('says before it asks more that %s', async (_, stdin, said) => {
    const { code, out, err, calls } = await typed(stdin, ['a.txt', 'bobs.txt']);
    expect([code, err.trim(), calls]).toEqual([0, expect.stringMatching(said), []]);
    expect(out).not.toMatch(/New path|on both sides|Where to/);
  });
});
