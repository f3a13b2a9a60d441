import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PLAIN_NAMES } from '../../../src/cli/program-name.js';
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
    ['client ask ', []],
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
    ['client --secret-file LICEN', ['LICENSE']],
    ['bin/server-a --p', ['--port', '--peer']],
    ['server-a --dir src/c', ['src/cli/', 'src/client/', 'src/core/']],
    ['server-b --log ', ['text', 'json']],
    ['server-b --st', ['--stdio']],
    ['server-a --st', []],
    ['server-a ', []],
    ['lockstep-server-a --gu', ['--guard']],
    ['lockstep u', ['unlock', 'upload', 'up']],
    ['lockstep serve ', ['a', 'b']],
    ['lockstep serve a --dr', ['--dry-run']],
    ['lockstep serve c --dr', []],
    ['lockstep up --ye', ['--yes']],
    ['lockstep up src/di', ['src/disk/']],
    ['lockstep config ', []],
    ['lockstep ke', ['key']],
    ['lockstep key ', ['new']],
    ['lockstep service in', ['install']],
    ['lockstep service install --pr', ['--print']],
    ['lockstep service start art ', []],
    ['lockstep doctor --js', ['--json']],
    ['lockstep doctor src/di', ['src/disk/']],
    ['client up', ['upload']],
  ])('%s', async (line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  it('offers the pairs that lockstep up remembers', async () => {
    const root = makeRoot('pairs');
    onTestFinished(() => removeRoot(root));
    mkdirSync(path.join(root, 'lockstep'));
    writeFileSync(path.join(root, 'lockstep', 'config.toml'), '[pairs.art]\ndir = "/a"\nother = "/b"\n');
    const env = { XDG_CONFIG_HOME: root };
    expect(await complete('lockstep up ar', { env })).toEqual(['art']);
    expect(await complete('lockstep doctor --pair ', { env })).toEqual(['art']);
    expect(await complete('lockstep service start ', { env })).toEqual(['art']);
    writeFileSync(path.join(root, 'lockstep', 'config.toml'), '[[[');
    expect(await complete('lockstep up ar', { env })).toEqual([]);
  });

  it('gives bash words that it takes as they stand', async () => {
    const api = fakeApi(['a b.txt', "it's (1).txt", '$x.txt', '#1.txt']);
    const names = async (line: string) => complete(line, { api }, 'bash');
    expect((await names('client list ')).sort()).toEqual(
      ['a\\ b.txt', "it\\'s\\ \\(1\\).txt", '\\$x.txt', '\\#1.txt'].sort(),
    );
    expect(await names('client list a\\ ')).toEqual(['a\\ b.txt']);
    expect(await names('client list "a ')).toEqual(['a b.txt']);
  });

  it.skipIf(spawnSync('bash', ['--version']).error !== undefined)('offers whole paths in bash', async () => {
    const { out } = await run(['completion', 'bash'], { names: { ...PLAIN_NAMES, client: 'lockstep' } });
    const root = makeRoot('bash');
    onTestFinished(() => removeRoot(root));
    writeFileSync(
      path.join(root, 'lockstep'),
      '#!/bin/sh\nprintf "%s\\n" "docs/plan.txt\tx" "docs/pl\\ 2.txt" "$*"\n',
      { mode: 0o755 },
    );
    const line = 'lockstep-server-a --dir docs/p';
    const script = `${out}
      COMP_WORDS=(lockstep-server-a --dir docs/p) COMP_CWORD=2 COMP_LINE='${line}' COMP_POINT=${line.length}
      _lockstep; printf '%s\n' "\${COMPREPLY[@]}"; complete -p lockstep server-b`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env: { PATH: `${root}:${process.env.PATH}` },
    });
    expect([stderr, stdout.split('\n')]).toEqual([
      '',
      [
        ...['docs/plan.txt', 'docs/pl\\ 2.txt', `__complete bash -- ${line}`],
        ...['complete -F _lockstep lockstep', 'complete -F _lockstep server-b', ''],
      ],
    ]);
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
