// Remembered pairs: what is written, what is read, and what is refused.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { configFile } from '../../../src/cli/config/file.js';
import { readPairs, rememberPair } from '../../../src/cli/up/config.js';
import { upOptions } from '../../../src/cli/up/options.js';
import { addressOfPair, pairOf } from '../../../src/cli/up/pair-address.js';
import { writeAddress } from '../../../src/disk/state/address.js';

let env: { XDG_CONFIG_HOME: string };

beforeEach(() => {
  env = { XDG_CONFIG_HOME: fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-config-')) };
  onTestFinished(() => fs.rmSync(env.XDG_CONFIG_HOME, { recursive: true, force: true }));
});

function put(content: string): void {
  fs.mkdirSync(path.dirname(configFile(env)), { recursive: true });
  fs.writeFileSync(configFile(env), content);
}

const up = (...words: string[]) => upOptions(words, env, () => {});

describe('a remembered pair', () => {
  it('is started by its name with its options, and others win', () => {
    up(
      '--name',
      'art',
      '/x/art',
      'office:art',
      '--ignore',
      '*.tmp',
      '--guard',
      '--keep-versions',
      '3d',
      '--on-event',
      'tell me',
    );
    expect(up('art')).toMatchObject({
      dir: '/x/art',
      other: { host: 'office', dir: 'art' },
      ignore: ['*.tmp'],
      guard: true,
      onEvent: 'tell me',
      shared: ['--ignore', '*.tmp', '--keep-versions', '3d'],
    });
    expect(up('art', '--keep-versions', '9d')).toMatchObject({
      shared: ['--ignore', '*.tmp', '--keep-versions', '9d'],
    });
  });

  it('has absolute directories', () => {
    up('--name', 'here', 'a', 'b');
    expect(readPairs(env).get('here')).toEqual({ dir: path.resolve('a'), other: path.resolve('b') });
  });

  it('has the home directory where somebody wrote ~', () => {
    put('[pairs.art]\ndir = "~/art"\nother = "office:~/art"\nweb-cert = "~/cert"\non-event = "~/tell"');
    const home = { ...env, HOME: '/home/anna' };
    expect(readPairs(home).get('art')).toEqual({
      ...{ dir: '/home/anna/art', other: 'office:~/art', 'web-cert': '/home/anna/cert', 'on-event': '~/tell' },
    });
  });

  it('is known in its directories and below, and nowhere else', () => {
    put('[pairs.art]\ndir = "/x/art"\nother = "/y/copy"\n[pairs.far]\ndir = "/z"\nother = "office:x"');
    const found = ['/x/art', '/x/art/plans', '/y/copy/a', '/z', '/x/artist', '/x', '/'].map((at) => pairOf(env, at));
    expect(found).toEqual(['art', 'art', 'art', 'far', null, null, null]);
    put('[pairs');
    expect(pairOf(env, '/x/art')).toBeNull();
  });

  it('is added below what people wrote', () => {
    const mine = '# my pairs\n[pairs.old]\ndir = "/o" # first\nother = "h:o"\nport = 4711';
    put(mine);
    expect(rememberPair(env, 'art', { dir: '/x', other: '/y' })).toBe(true);
    expect(fs.readFileSync(configFile(env), 'utf8').startsWith(`${mine}\n\n[pairs.art]\n`)).toBe(true);
    expect([...readPairs(env).keys()]).toEqual(['old', 'art']);
    expect(readPairs(env).get('old')).toEqual({ dir: '/o', other: 'h:o', port: '4711' });
    expect(rememberPair(env, 'art', { other: '/y', dir: '/x' })).toBe(false);
  });

  it('is where --pair looks for the server', () => {
    const root = path.join(env.XDG_CONFIG_HOME, 'root');
    fs.mkdirSync(path.join(root, '.lockstep'), { recursive: true });
    rememberPair(env, 'art', { dir: root, other: '/y' });
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    fs.writeFileSync(path.join(root, '.lockstep', 'identity.json'), JSON.stringify({ format: 1, id }));
    expect(() => addressOfPair(env, 'art')).toThrow('The pair art does not run.');
    writeAddress(root, { address: '127.0.0.1:4711', side: 'a' }, () => {});
    expect(addressOfPair(env, 'art')).toMatchObject({ address: '127.0.0.1:4711', side: 'a', root: id });
    writeAddress(root, { address: '192.0.2.1:4711', side: 'a' }, () => {});
    expect(() => addressOfPair(env, 'art')).toThrow('The pair art does not run.');
    expect(() => addressOfPair(env, 'nosuch')).toThrow('There is no pair nosuch.');
  });
});

describe('refused', () => {
  it.each([
    ['no = [', 'config.toml, line 1: '],
    ['\n[pairs.art]\ndir = "/x"\n', 'config.toml, line 2: pairs.art.other is wrong'],
    ['[pairs.art]\ndir = "/x"\nother = "/y"\ncolour = 1\n', 'config.toml, line 4 has an unknown key pairs.art.colour'],
    ['[pairs.art]\ndir = "/x"\nother = "/y"\nguard = "yes"\n', 'config.toml, line 4: pairs.art.guard is wrong'],
    ['[pairs.a]\ndir="/x"\nother="/y"\n[pairs."b"]\ndir="/x"\nother="/y"\n"guard" = 1\n', 'line 7: pairs.b.guard'],
    ['pairs.art.dir = "/x"\npairs.art.other = 1\n', 'config.toml, line 2: pairs.art.other is wrong'],
    ['pairs = { art = { dir = 1 } }\n', 'config.toml: pairs.art.'],
    ['# mine\npair = 1\n', 'config.toml, line 2 has an unknown key pair'],
  ])('%j', (content, message) => {
    put(content);
    expect(() => readPairs(env)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    [['nosuch'], 'There is no pair "nosuch".'],
    [[], 'up takes two directories, or the name of a pair.'],
    [['./dir'], 'The other directory is missing.'],
    [['--name', 'a/b', 'x', 'y'], '"a/b" cannot be the name of a pair.'],
    [['--name', 'art', 'x'], 'The other directory is missing.'],
  ])('up %j', (words, message) => {
    expect(() => up(...words)).toThrow(message);
  });

  it.each([
    ['rescan = "soon"', 'config.toml, line 4: rescan takes a duration'],
    ['ignore-set = ["off"]', 'config.toml, line 4: ignore-set takes office or cad, not "off".'],
    ['versions-share = "0"', 'config.toml, line 4: versions-share takes a part of the disk'],
  ])('the value %s, by its line, unless an option goes before it', (line, message) => {
    put(`[pairs.art]\ndir = "/x"\nother = "/y"\n${line}\n`);
    expect(() => up('art')).toThrow(message);
    const [name] = line.split(' ');
    expect(() => up('art', `--${name}`, 'no')).toThrow(new RegExp(`^--${name} `));
  });

  it('another pair of the same name', () => {
    rememberPair(env, 'art', { dir: '/x', other: '/y' });
    expect(() => rememberPair(env, 'art', { dir: '/x', other: '/z' })).toThrow('There is another pair art already');
  });
});
