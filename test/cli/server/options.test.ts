import { describe, expect, it } from 'vitest';
import { serverAOptions, serverBOptions } from '../../../src/cli/server/options.js';
import { linesOfSet } from '../../../src/core/ignore-sets.js';
import { quote } from '../../../src/core/path.js';

const a = (line: string, env = {}) => serverAOptions(line.split(' ').filter(Boolean), env, () => {});
const b = (line: string, env = {}) => serverBOptions(line.split(' ').filter(Boolean), env, () => {});

const DEFAULT_A = {
  dir: 'directory_a',
  host: '127.0.0.1',
  port: 8080,
  ignore: [],
  versionLimits: { keepMs: 30 * 86_400_000, share: 0.2 },
  secretFile: null,
  onEvent: null,
  limit: null,
  noFsync: false,
  log: 'text',
  verbose: false,
  quiet: false,
  peer: { host: '127.0.0.1', port: 8081 },
  rescanMs: 60_000,
  guard: false,
  keys: null,
  autoLock: true,
  autoLockGraceMs: 15 * 60_000,
  showLocks: true,
  allowLocal: false,
  create: false,
  name: null,
  dryRun: false,
  web: null,
  metricsTokenFile: null,
};

describe('the servers’ options', () => {
  it.each([
    ['home', 'home'],
    ['büro 2', 'büro 2'],
    ['x'.repeat(32), 'x'.repeat(32)],
    ['', null],
    [' ', 'is empty'],
    ['x'.repeat(33), 'is longer than 32 characters'],
    ['a\u001b[2J', 'has control characters'],
    ['a\u202eb', 'has control characters'],
    ['home ', 'begins or ends with a space'],
    ['B', 'is the letter of the other side'],
  ])('name a side %j', (name, said) => {
    const named = () => serverAOptions([], { LOCKSTEP_A_NAME: name }, () => {});
    if (said === null || said === name) expect(named()).toMatchObject({ settings: { name: said } });
    else expect(named).toThrow(`LOCKSTEP_A_NAME takes a name for this side, and ${quote(name)} ${said}.`);
  });

  it('refuse an empty name as an option', () => {
    expect(() => serverBOptions(['--name', ''], {}, () => {})).toThrow(
      '--name takes a name for this side, and "" is empty.',
    );
  });

  it('take documents that lock themselves on or off, and how long they stay locked', () => {
    expect(a('--auto-lock off --auto-lock-grace 1m --show-locks=off')).toMatchObject({
      settings: { autoLock: false, autoLockGraceMs: 60_000, showLocks: false },
    });
    expect(() => a('--auto-lock perhaps')).toThrow('--auto-lock takes on or off, not "perhaps".');
  });

  it('take a secret or keys, and beyond loopback one of them', () => {
    expect(a('--keys k --host 0.0.0.0')).toMatchObject({ settings: { keys: 'k', secretFile: null } });
    expect(() => a('--keys k --secret-file s')).toThrow(/--secret-file and --keys both say who may connect/);
  });

  it('have defaults', () => {
    expect(a('')).toEqual({ settings: DEFAULT_A });
    expect(b('')).toMatchObject({ settings: { dir: 'directory_b', port: 8081, host: '127.0.0.1' } });
    expect(b('--on-event=cat')).toMatchObject({ settings: { onEvent: 'cat' } });
  });

  it.each([
    ['9000', {}, { port: 9000 }],
    ['--port 0', {}, { port: 0 }],
    ['9000 --port 9000', {}, { port: 9000 }],
    ['', { LOCKSTEP_A_PORT: '65535' }, { port: 65_535 }],
    ['--port 1', { LOCKSTEP_A_PORT: 'nonsense' }, { port: 1 }],
    ['--peer [::1]:9', { LOCKSTEP_A_PEER: 'h:1' }, { peer: { host: '::1', port: 9 } }],
    ['--host localhost', {}, { host: 'localhost' }],
    ['--host 0.0.0.0 --secret-file s', {}, { host: '0.0.0.0', secretFile: 's' }],
    ['', { LOCKSTEP_A_SECRET_FILE: 's', LOCKSTEP_A_HOST: '::' }, { host: '::', secretFile: 's' }],
    ['--ignore *.tmp --ignore x/', { LOCKSTEP_A_IGNORE: 'y' }, { ignore: ['*.tmp', 'x/'] }],
    ['--ignore-set office --ignore x', {}, { ignore: [...linesOfSet('office'), 'x'] }],
    ['--ignore-set office --ignore-set cad', {}, { ignore: [...linesOfSet('office'), ...linesOfSet('cad')] }],
    ['', { LOCKSTEP_A_IGNORE_SET: 'cad,office' }, { ignore: [...linesOfSet('cad'), ...linesOfSet('office')] }],
    ['', { LOCKSTEP_A_IGNORE: '*.tmp\n\nx y/\n' }, { ignore: ['*.tmp', 'x y/'] }],
    [
      '',
      { LOCKSTEP_A_VERBOSE: '1', LOCKSTEP_A_QUIET: 'no', LOCKSTEP_A_LOG: 'json' },
      { verbose: true, quiet: false, log: 'json' },
    ],
    ['--rescan 5m --dir d', { LOCKSTEP_A_DIR: 'e' }, { rescanMs: 300_000, dir: 'd' }],
    ['', { LOCKSTEP_A_DIR: 'e', LOCKSTEP_B_DIR: 'f' }, { dir: 'e' }],
    [
      '--keep-versions 90d',
      { LOCKSTEP_A_KEEP_VERSIONS: '1d', LOCKSTEP_A_VERSIONS_SHARE: '0.5 %' },
      { versionLimits: { keepMs: 90 * 86_400_000, share: 0.005 } },
    ],
    ['--versions-share 100', {}, { versionLimits: { share: 1 } }],
    ['--limit 5M', { LOCKSTEP_A_LIMIT: '1M' }, { limit: [{ minuteOfWeek: 0, rate: 5 * 2 ** 20 }] }],
    ['', { LOCKSTEP_A_LIMIT: '1M' }, { limit: [{ minuteOfWeek: 0, rate: 2 ** 20 }] }],
    ['--limit off', { LOCKSTEP_A_LIMIT: '1M' }, { limit: null }],
    ['--no-fsync', {}, { noFsync: true }],
    ['', { LOCKSTEP_A_NO_FSYNC: '1' }, { noFsync: true }],
    ['--web 8082', { LOCKSTEP_A_WEB: '1' }, { web: { host: '127.0.0.1', port: 8082, files: null } }],
    ['', { LOCKSTEP_A_WEB: '[::1]:0' }, { web: { host: '::1', port: 0, files: null } }],
    ['--web localhost:0', {}, { web: { host: 'localhost', port: 0, files: null } }],
    ['--metrics-token-file t', {}, { metricsTokenFile: 't' }],
    ['--web off', { LOCKSTEP_A_WEB: '1' }, { web: null }],
    [
      '--web 0.0.0.0:443 --web-cert c --web-key k',
      {},
      { web: { host: '0.0.0.0', port: 443, files: { cert: 'c', key: 'k' } } },
    ],
    ['--on-event=cat', { LOCKSTEP_A_ON_EVENT: 'x' }, { onEvent: 'cat' }],
    ['', { LOCKSTEP_A_ON_EVENT: 'jq . >> events' }, { onEvent: 'jq . >> events' }],
    ['', { LOCKSTEP_A_ON_EVENT: '', LOCKSTEP_B_ON_EVENT: 'cat' }, { onEvent: null }],
  ])('%s with %j', (line, env, settings) => {
    expect(a(line, env)).toMatchObject({ settings });
  });

  it.each([
    ['--web x', {}, '--web takes [HOST:]PORT or off, not "x".'],
    ['--web 65536', {}, '--web takes [HOST:]PORT or off, not "65536".'],
    ['', { LOCKSTEP_A_WEB: ':80' }, 'LOCKSTEP_A_WEB takes [HOST:]PORT or off, not ":80".'],
    ['--web 0.0.0.0:1', {}, '--web 0.0.0.0:1 would send logins through the network as plain text'],
    ['--web 1 --web-cert c', {}, '--web-cert and --web-key belong together, and only one is given.'],
    ['--on-event=', {}, '--on-event takes a command, not an empty line.'],
    ['--port 65536', {}, '--port takes a number from 0 to 65535, not "65536"'],
    ['x', {}, 'PORT takes a number'],
    ['1 --port 2', {}, 'The port is given twice'],
    ['1 2', {}, 'Too many arguments'],
    ['', { LOCKSTEP_A_PORT: 'x' }, 'LOCKSTEP_A_PORT takes a number'],
    ['', { LOCKSTEP_A_QUIET: 'maybe' }, 'LOCKSTEP_A_QUIET takes 1 or 0'],
    ['', { LOCKSTEP_A_RESCAN: 'often' }, 'LOCKSTEP_A_RESCAN takes a duration'],
    ['--keep-versions never', {}, '--keep-versions takes a duration'],
    ['', { LOCKSTEP_A_KEEP_VERSIONS: '200y' }, 'LOCKSTEP_A_KEEP_VERSIONS takes a duration'],
    ['--versions-share 0%', {}, '--versions-share takes a part of the disk such as 20%, not "0%"'],
    ['', { LOCKSTEP_A_VERSIONS_SHARE: '101%' }, 'LOCKSTEP_A_VERSIONS_SHARE takes a part'],
    ['', { LOCKSTEP_A_PEER: 'h' }, 'LOCKSTEP_A_PEER: '],
    ['', { LOCKSTEP_A_LOG: 'xml' }, 'LOCKSTEP_A_LOG takes text or json'],
    ['--host 0.0.0.0', {}, '--host 0.0.0.0 would let everybody in who can reach it'],
    ['', { LOCKSTEP_A_HOST: '::' }, 'LOCKSTEP_A_HOST :: would let'],
    ['--secret-file=', {}, '--secret-file takes a file'],
    ['--no-such-flag', {}, "Unknown option '--no-such-flag'"],
  ])('refuses %s with %j', (line, env, message) => {
    expect(() => a(line, env)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }),
    );
  });

  it('name the two commands that make and copy a secret', () => {
    expect(() => b('--host 0.0.0.0')).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(
          /"openssl rand -hex 32 > lockstep\.secret && chmod 600 lockstep\.secret".*"scp -p lockstep\.secret /,
        ),
      }),
    );
  });

  it('print help with examples and variables', () => {
    let printed = '';
    const print = (text: string) => {
      printed += text;
    };
    expect(serverAOptions(['--help'], {}, print)).toEqual({ printed: true });
    for (const word of ['Examples', 'LOCKSTEP_A_RESCAN', '--peer', '8080']) expect(printed).toContain(word);
    printed = '';
    serverBOptions(['--help'], {}, print);
    expect(printed).not.toContain('--peer');
    expect(printed).toContain('LOCKSTEP_B_DIR');
  });
});
