import { describe, expect, it } from 'vitest';
import { FOREVER, plainArgv } from '../../src/cli/argv.js';

const CASES: [line: string, plain: string][] = [
  ['', 'list'],
  ['--json', '--json list'],
  ['--server h:1 --json', '--server h:1 --json list'],
  ['-list', 'list'],
  ['--list *.txt', 'list *.txt'],
  ['list', 'list'],
  ['-lock -3', 'lock 3'],
  ['-lock 3', 'lock 3'],
  ['--lock 3', 'lock 3'],
  ['--lock=1', 'lock 1'],
  ['--unlock=-1 2', 'unlock 1 2'],
  ['--json --lock=a.txt -m x', '--json lock a.txt --message=x'],
  ['--lock -3 -4', 'lock 3 4'],
  ['lock -3', 'lock 3'],
  ['lock 3 -4 b.txt', 'lock 3 4 b.txt'],
  ['-unlock -0', 'unlock 0'],
  ['--unlock 0', 'unlock 0'],
  ['--server h:1 -lock -3', '--server h:1 lock 3'],
  ['--as -lock -unlock -3', '--as -lock unlock 3'],
  ['--server=h:1 --as=ann -lock -3 --json', '--server=h:1 --as=ann lock 3 --json'],
  ['lock -- -3', 'lock -- -3'],
  ['lock -1 -- -3', 'lock 1 -- -3'],
  ['lock -m -3 -4', 'lock --message=-3 4'],
  ['lock 3 --message --json', 'lock 3 --message=--json'],
  ['lock --side b -4', 'lock --side b 4'],
  ['lock --as -7 -4', 'lock --as -7 4'],
  ['-lock -3 --wait --ttl 30m --steal', 'lock 3 --wait=for ever --ttl 30m --steal'],
  ['lock --wait 3', 'lock --wait=for ever 3'],
  ['--lock 3 --wait=5m', 'lock 3 --wait=5m'],
  ['--unlock 3 --force --held copy', 'unlock 3 --force --held copy'],
  ['list -lock', 'list -lock'],
  ['held -3', 'held -3'],
  ['--help', '--help'],
  ['--json --version', '--json --version'],
  ['lock -h', 'lock -h'],
  ['toString', 'toString'],
];

describe('plainArgv', () => {
  it.each(CASES)('client %s → %s', (line, plain) => {
    expect(plainArgv(line.split(' ').filter(Boolean)).join(' ')).toBe(plain);
  });
});

it('refuses a duration that stands as a file behind --wait', () => {
  expect(() => plainArgv(['lock', '--wait', '5m', 'a.txt'])).toThrow('"5m" is a file');
  expect(plainArgv(['lock', '--wait', './5m'])).toEqual(['lock', `--wait=${FOREVER}`, './5m']);
});
