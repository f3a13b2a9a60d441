import { describe, expect, it } from 'vitest';
import { upOptions } from '../../../src/cli/up/options.js';
import { remoteCommand, remotePlace } from '../../../src/cli/up/place.js';

describe('where side b is', () => {
  it.each([
    ['/srv/art', null],
    ['art', null],
    ['./a:b', null],
    ['/x:y/z', null],
    ['office:art', { host: 'office', dir: 'art' }],
    ['anna@office:/srv/art', { host: 'anna@office', dir: '/srv/art' }],
    ['office:~', { host: 'office', dir: '.' }],
    ['office:~/', { host: 'office', dir: '.' }],
    ['office:.', { host: 'office', dir: '.' }],
    ['office:~/my art', { host: 'office', dir: 'my art' }],
    ['anna@[fe80::1]:x', { host: 'anna@[fe80::1]', dir: 'x' }],
    ['office:a:b', { host: 'office', dir: 'a:b' }],
  ])('%s', (text, place) => {
    expect(remotePlace(text)).toEqual(place);
  });
});

it('a host alone names no directory: nobody means all of his home by it', () => {
  expect(() => remotePlace('office:')).toThrow('names no directory');
});

describe('the command on the other machine', () => {
  it('quotes what a shell would read otherwise', () => {
    const place = { host: 'office', dir: 'my art' };
    expect(remoteCommand(place, ['ssh', '-p', '22'], 'npx lockstep', ['--ignore', '*.tmp'])).toEqual([
      ...['ssh', '-p', '22', 'office'],
      "npx lockstep serve b --stdio --dir 'my art' --ignore '*.tmp'",
    ]);
  });
});

it.each(['-oProxyCommand=touch x:y', '-h:d'])('a host is no option of ssh: %s', (text) => {
  expect(() => remotePlace(text)).toThrow('cannot be a host');
  expect(remotePlace(`./${text}`)).toBeNull();
});

describe('the options of up', () => {
  const read = (line: string, env = {}) => upOptions(line.split(' '), env, () => {});

  it('have defaults, and are shared with side b where they concern it', () => {
    expect(read('x y')).toMatchObject({ dir: 'x', other: 'y', port: 0, ssh: ['ssh'], remote: 'lockstep', shared: [] });
    expect(
      read('x h:y --create --guard --ignore *.tmp --ignore z --keep-versions 3d', { LOCKSTEP_SSH: 'ssh -4' }),
    ).toMatchObject({
      other: { host: 'h', dir: 'y' },
      ssh: ['ssh', '-4'],
      guard: true,
      create: true,
      ignore: ['*.tmp', 'z'],
      shared: ['--ignore', '*.tmp', '--ignore', 'z', '--keep-versions', '3d', '--create'],
    });
  });

  it('are checked as those of the servers', () => {
    expect(() => read('x y --port 65536')).toThrow('--port takes a number');
    expect(() => read('x y --rescan often')).toThrow('--rescan takes a duration');
  });
});

describe('the names of the sides', () => {
  it('go to both servers', () => {
    const settings = upOptions(['x', 'office:y', '--name-a', 'home', '--name-b', 'office'], {}, () => {});
    expect(settings).toMatchObject({ name: 'home', nameB: 'office', shared: ['--name', 'office'] });
  });

  it.each(['a', 'b'])('are refused by their option: --name-%s', (side) => {
    const words = ['x', 'y', `--name-${side}`, '\u0007'];
    expect(() => upOptions(words, {}, () => {})).toThrow(
      `--name-${side} takes a name for side ${side}, and "\\u0007" has control characters.`,
    );
  });
});
