import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shownHere, shownOnTerminal, stateDirectory } from '../../src/cli/shown-listing.js';
import { terminalIdentity } from '../../src/cli/terminal-identity.js';
import { memory } from './fake-context.js';

let state: string;
const warned: string[] = [];

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lockstep-shown-'));
  warned.length = 0;
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

const shown = (identity: string | null, may: { recalls?: boolean; records?: boolean; now?: number } = {}) =>
  shownOnTerminal({
    directory: stateDirectory({ XDG_STATE_HOME: state }),
    identity: () => identity,
    recalls: may.recalls ?? true,
    records: may.records ?? true,
    warn: (text) => warned.push(text),
    now: () => may.now ?? Date.now(),
  });

const files = () => readdirSync(join(state, 'lockstep'));

describe('the listing last shown', () => {
  it('is had back on the same terminal for the same server', () => {
    shown('tty 1').record('h:1', ['a', 'b\nc']);
    expect(shown('tty 1').recall('h:1')).toEqual(['a', 'b\nc']);
    expect(shown('tty 1').recall('h:2')).toBeNull();
    expect(shown('tty 2').recall('h:1')).toBeNull();
    expect(shown(null).recall('h:1')).toBeNull();
  });

  it('is one small file of paths, for its owner alone', () => {
    shown('tty 1').record('h:1', ['a']);
    shown('tty 1').record('h:1', ['b']);
    expect(files()).toHaveLength(1);
    const file = join(state, 'lockstep', files()[0]!);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ format: 1, paths: ['b'] });
  });

  it('is neither written nor used where it may not be', () => {
    shown('tty 1', { records: false }).record('h:1', ['a']);
    expect(shown('tty 1').recall('h:1')).toBeNull();
    shown('tty 1').record('h:1', ['a']);
    expect(shown('tty 1', { recalls: false }).recall('h:1')).toBeNull();
  });

  it.each(['', '{', '{"format":2,"paths":[]}', '{"format":1,"paths":[1]}', 'null'])(
    'is nothing where the file is %j',
    (text) => {
      shown('tty 1').record('h:1', ['a']);
      writeFileSync(join(state, 'lockstep', files()[0]!), text);
      expect(shown('tty 1').recall('h:1')).toBeNull();
    },
  );

  it('warns, and no more, where it cannot be written', () => {
    writeFileSync(join(state, 'lockstep'), 'a file is in the way');
    shown('tty 1').record('h:1', ['a']);
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain(state);
    chmodSync(state, 0o700);
  });

  it('forgets terminals that are long gone, and touches nothing else', () => {
    shown('old').record('h:1', ['a']);
    const old = join(state, 'lockstep', files()[0]!);
    const other = join(state, 'lockstep', 'notes.txt');
    writeFileSync(other, '');
    for (const file of [old, other]) utimesSync(file, 1000, 1000);
    shown('new').record('h:1', ['b']);
    expect(shown('old').recall('h:1')).toBeNull();
    expect(files()).toContain('notes.txt');
  });

  it('in a shell is what the shell has shown, else what the terminal has', () => {
    const outer = memory(['outer']);
    const here = shownHere(outer);
    expect(here.recall('h:1')).toEqual(['outer']);
    here.record('h:1', ['inner']);
    outer.paths = ['another program'];
    expect(here.recall('h:1')).toEqual(['inner']);
  });
});

describe('stateDirectory', () => {
  it.each([
    [{ XDG_STATE_HOME: '/s' }, /^\/s\/lockstep$/],
    [{ XDG_STATE_HOME: 'relative' }, /^\/.*\.local\/state\/lockstep$/],
    [{}, /\.local\/state\/lockstep$/],
  ])('%j', (env, path) => {
    expect(stateDirectory(env)).toMatch(path);
  });
});

describe.runIf(process.platform === 'linux')('the identity of a terminal', () => {
  const stat = (tty: number, session: number, start: number, name = 'sh') =>
    `42 (${name}) S 1 42 ${session} ${tty} ${'0 '.repeat(14)}${start} 0 0`;
  const identity = (files: Record<string, string>) => terminalIdentity((pid) => files[pid] ?? null);

  it('is terminal, session and the start of the session', () => {
    expect(identity({ self: stat(34816, 40, 99), 40: stat(34816, 40, 77) })).toBe('34816 40 77');
  });

  it('is not misled by a program name with brackets and spaces', () => {
    expect(identity({ self: stat(34816, 40, 99, 'a) b (c'), 40: stat(34816, 40, 77, ') x') })).toBe('34816 40 77');
  });

  it('differs for a new session on the same pseudo-terminal', () => {
    const before = identity({ self: stat(34816, 40, 99), 40: stat(34816, 40, 77) });
    expect(identity({ self: stat(34816, 40, 99), 40: stat(34816, 40, 78) })).not.toBe(before);
    expect(identity({ self: stat(34816, 40, 99) })).toBe('34816 40 gone');
  });

  it('is nothing without a controlling terminal', () => {
    expect(identity({ self: stat(0, 40, 99), 40: stat(0, 40, 77) })).toBeNull();
    expect(identity({})).toBeNull();
    expect(identity({ self: 'nonsense' })).toBeNull();
  });
});
