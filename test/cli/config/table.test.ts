// The tables of config.toml: what programs take from them, and what they are told where something is wrong.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { configFile } from '../../../src/cli/config/file.js';
import { readTable } from '../../../src/cli/config/table.js';
import { contextFor, type Globals, type Io } from '../../../src/cli/context.js';
import { clientKinds } from '../../../src/cli/program/program.js';
import { serverCommand } from '../../../src/cli/server/command.js';
import { serverAOptions, serverBOptions } from '../../../src/cli/server/options.js';
import { readPairs } from '../../../src/cli/up/config.js';
import { upCommand } from '../../../src/cli/up/options.js';

let env: Record<string, string>;
let file: string;

beforeEach(() => {
  env = { XDG_CONFIG_HOME: fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-tables-')) };
  file = configFile(env);
  onTestFinished(() => fs.rmSync(env.XDG_CONFIG_HOME!, { recursive: true, force: true }));
});

function put(content: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

const a = (...words: string[]) =>
  serverAOptions(
    words,
    env,
    () => {},
    (kinds) => readTable(env, 'server-a', () => kinds),
  );
const b = (...words: string[]) =>
  serverBOptions(
    words,
    env,
    () => {},
    (kinds) => readTable(env, 'server-b', () => kinds),
  );

describe('the table of a server', () => {
  it('gives what neither a flag nor a variable does', () => {
    put(
      '[server-a]\nport = 9000\ndir = "/x"\nguard = true\nignore = ["*.tmp", "build/"]\nname = "home"\nrescan = "5m"\n',
    );
    const settings = {
      dir: '/x',
      port: 9000,
      guard: true,
      ignore: ['*.tmp', 'build/'],
      name: 'home',
      rescanMs: 300_000,
    };
    expect(a()).toMatchObject({ settings });
    env.LOCKSTEP_A_DIR = '/of/the/environment';
    expect(a('--port', '9001', '--ignore', 'x')).toMatchObject({
      settings: { ...settings, dir: '/of/the/environment', port: 9001, ignore: ['x'] },
    });
  });

  it('turns a switch off by the environment', () => {
    put('[server-b]\nno-fsync = true\nquiet = true\n');
    env.LOCKSTEP_B_QUIET = '0';
    expect(b()).toMatchObject({ settings: { noFsync: true, quiet: false } });
  });

  it('is of one server only', () => {
    put('[server-a]\nport = 9000\n');
    expect(b()).toMatchObject({ settings: { port: 8081 } });
  });

  it.each<[string, string]>([
    ['[server-a]\n\nport = 99999\n', ', line 3: port takes a number from 0 to 65535, not "99999"'],
    ['# mine\n[server-a]\nprot = 1\n', ', line 3 has an unknown key server-a.prot.'],
    ['[server-a]\nguard = "yes"\n', ', line 2: server-a.guard must be true or false.'],
    ['[server-a]\ndir = ["x"]\n', ', line 2: server-a.dir must be a text or a number.'],
    ['[server-a]\nignore = [1]\n', ', line 2: server-a.ignore must be a text or a list of texts.'],
    ['[server-a]\nignore-set = ["cad", "x"]\n', ', line 2: ignore-set takes office or cad, not "x".'],
    ['server-a = 1\n', ', line 1: server-a must be a table.'],
    ['[server-a]\nname = "b"\n', ', line 2: name takes a name for this side, and "b" is the letter of the other side.'],
    ['[server-c]\nport = 1\n', ', line 1 has an unknown key server-c.'],
    ['[server-a\n', ', line 1: '],
  ])('is refused with its line: %j', (content, message) => {
    put(content);
    expect(() => a()).toThrow(file + message);
  });

  it.each(['a', 'b'] as const)('takes every option of server-%s', (which) => {
    const command = serverCommand(which, () => {});
    const names = command.options.map(({ long }) => long!.slice(2)).filter((name) => !/^(version|stdio)$/.test(name));
    const switches = new Set(['allow-local', 'create', 'dry-run', 'guard', 'no-fsync', 'verbose', 'quiet']);
    const values: Record<string, string> = {
      port: '0',
      ...{ 'auto-lock': '"off"', 'show-locks': '"off"', log: '"json"' },
    };
    const some = { limit: '"5M"', web: '0', rescan: '"1m"', 'keep-versions': '"3d"', 'auto-lock-grace': '"1m"' };
    const more = { 'versions-share': '"10%"', 'ignore-set': '["cad"]', ignore: '["x"]', host: '"127.0.0.1"' };
    const lines = names
      .filter((name) => !['keys', 'web-cert', 'web-key'].includes(name))
      .map(
        (name) => `${name} = ${switches.has(name) ? true : ({ ...values, ...some, ...more }[name] ?? '"127.0.0.1:1"')}`,
      );
    put(`[server-${which}]\n${lines.join('\n')}\n`);
    expect(which === 'a' ? a() : b()).toMatchObject({ settings: { create: true, log: 'json', autoLock: false } });
  });
});

describe('the table of the client', () => {
  const io = () =>
    ({ env, inFile: () => readTable(env, 'client', clientKinds), stdoutIsTerminal: false }) as unknown as Io;
  const context = (globals: Globals = {}, more: object = {}) => contextFor({ ...io(), ...more }, globals, {} as never);

  it('gives what neither an option nor a variable does', () => {
    put('[client]\nserver = "office:9000"\nas = "anna"\nside = "b"\njson = true\nsecret-file = "/x"\n');
    const found = { server: { host: 'office', port: 9000 }, user: 'anna', side: 'b', json: true };
    expect(context()).toMatchObject(found);
    env.LOCKSTEP_SERVER = 'studio:9001';
    expect(context({ as: 'ben' })).toMatchObject({ ...found, server: { host: 'studio', port: 9001 }, user: 'ben' });
  });

  it('goes behind the pair of the directory', () => {
    put('[client]\nserver = "office:9000"\nside = "b"\n');
    const nearby = () => ({ address: '127.0.0.1:7', side: 'a', root: 'r', uid: 0 });
    expect(context({}, { nearby })).toMatchObject({ server: { host: '127.0.0.1', port: 7 }, side: 'a' });
  });

  it('can name the pair that is meant', () => {
    put('[client]\npair = "art"\n');
    const pairNamed = (name: string) => ({
      address: name === 'art' ? '127.0.0.1:8' : '',
      side: 'a',
      root: 'r',
      uid: 0,
    });
    expect(context({}, { pairNamed })).toMatchObject({ server: { port: 8 } });
    expect(context({ server: 'office:9' }, { pairNamed })).toMatchObject({ server: { host: 'office' } });
  });

  it.each<[string, string]>([
    ['side = "c"', ', line 2: side takes a or b, not "c".'],
    ['color = "blue"', ', line 2: color takes auto, always or never, not "blue".'],
    ['server = "x:y:z:"', ', line 2: server: '],
    ['users = "anna"', ', line 2 has an unknown key client.users.'],
  ])('is refused with its line: %s', (line, message) => {
    put(`[client]\n${line}\n`);
    expect(() => context()).toThrow(file + message);
  });
});

it('the table of a pair takes every option of lockstep up', () => {
  const names = upCommand(() => {}).options.map(({ long }) => long!.slice(2));
  const own = names.filter((name) => name !== 'version' && name !== 'name');
  const switches = new Set(['create', 'yes', 'guard', 'no-fsync', 'verbose', 'quiet']);
  const lists = new Set(['ignore', 'ignore-set']);
  const lines = own.map((name) => `${name} = ${switches.has(name) ? true : lists.has(name) ? '["x"]' : '"x"'}`);
  put(`[pairs.art]\ndir = "/x"\nother = "/y"\n${lines.join('\n')}\n`);
  expect(Object.keys(readPairs(env).get('art')!).sort()).toEqual(['dir', 'other', ...own].sort());
});
