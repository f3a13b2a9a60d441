import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRoot, removeRoot } from '../../support/trees.js';
import { fakeApi, memory, run } from '../fake-context.js';

const complete = async (line: string, given = {}, shell = 'fish') => {
  const { code, out, err } = await run(['__complete', shell, '--', line], {
    api: fakeApi(['a b.txt', 'b.txt', '7']),
    ...given,
  });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .split('\n')
    .filter(Boolean)
    .map((text) => text.split('\t')[0]);
};

describe('completion', () => {
  it.each([
    ['client lo', ['locks', 'lock', 'log']],
    ['client --j', ['--json']],
    ['client --color ', ['auto', 'always', 'never']],
    ['client --json unl', ['unlock']],
    ['client completion ', ['bash', 'zsh', 'fish']],
    ['client lock --s', ['--side', '--steal', '--server', '--secret-file']],
    ['client lock --side ', ['a', 'b']],
    ['client lock -m ', []],
    ['client lock b', ['b.txt']],
    ['client -lock b', ['b.txt']],
    ['client lock "a ', ['a b.txt']],
    ['client lock ', ['a b.txt', 'b.txt', './7', '0', '1', '2']],
    ['client lock 1', ['1']],
    ['client list ', ['a b.txt', 'b.txt', './7']],
    ['client --server localhost:1 list b', ['b.txt']],
    ['client unlock ', []],
    ['client locks ', []],
    ['client re', ['rename', 'restore', 'resolve', 'rescan', 'resume']],
    ['client rm b', ['b.txt']],
    ['client unlock --held ', ['apply', 'copy', 'discard']],
    ['client list --sort ', ['name', 'size', 'time', 'state']],
    ['client lock --wa', ['--wait']],
    ['client upload LICEN', ['LICENSE']],
    ['client upload LICENSE b', ['b.txt', 'bin/', 'biome.json']],
    ['client download b.txt bin', ['bin/']],
    ['client men', ['menu']],
    ['client restore b', ['b.txt']],
    ['client resolve b.txt --keep ', ['a', 'b', 'both']],
    ['client nonsense ', []],
  ])('%s', async (line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  it('offers a name that begins with a dash so that it is no option', async () => {
    expect(await complete('client lock ', { api: fakeApi(['-x', 'y']) })).toEqual(['./-x', 'y', '0', '1']);
    expect(await complete('client lock ./', { api: fakeApi(['-x', 'y']) })).toEqual(['./-x']);
  });

  it('offers the numbers of the listing last shown', async () => {
    expect(await complete('client lock 1', { shown: memory(['x', 'b.txt']) })).toEqual(['1']);
    expect(await complete('client lock 2', { shown: memory(['x', 'b.txt']) })).toEqual([]);
  });

  it('is silent when the server is away', async () => {
    expect(await complete('client lock b', { connect: () => Promise.reject(new Error('away')) })).toEqual([]);
  });

  it('gives bash only what stands after its last word break', async () => {
    expect(await complete('client lock x:', { api: fakeApi(['x:y']) }, 'bash')).toEqual(['y']);
    expect(await complete('client lock "x:', { api: fakeApi(['x:y']) }, 'bash')).toEqual(['x:y']);
  });

  it.each(['bash', 'zsh', 'fish'])('has a script for %s', async (shell) => {
    const { code, out } = await run(['completion', shell]);
    expect(code).toBe(0);
    expect(out).toContain(`__complete ${shell}`);
    // In a file: fish does not read from the socket that would be its stdin here.
    const root = makeRoot('completion');
    onTestFinished(() => removeRoot(root));
    const file = path.join(root, 'script');
    writeFileSync(file, out);
    const checked = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (checked.error === undefined) expect(checked.stderr).toBe(''); // a shell that is not installed cannot say
  });
});
