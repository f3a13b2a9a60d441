// What is written down for systemd and launchd: the command, the directories that may be written, and how it is confined.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Kept } from '../../../src/cli/service/kept.js';
import { plistText } from '../../../src/cli/service/plist.js';
import { supervisorHere } from '../../../src/cli/service/supervisors.js';
import { unitText } from '../../../src/cli/service/unit.js';

const kept: Kept = {
  name: 'art',
  command: ['/usr/bin/node', '/opt/lockstep/bin/lockstep', 'up', 'art'],
  environment: { XDG_CONFIG_HOME: '/home/anna/.config' },
  directories: ['/home/anna/art', '/mnt/nas/art'],
  needsSsh: false,
  isSystem: false,
  isConfined: true,
};
const lines = (more: Partial<Kept> = {}) => unitText({ ...kept, ...more }).split('\n');

describe('a unit', () => {
  it('runs the pair, and again after a failure, but not after one of how it was started', () => {
    expect(lines()).toEqual(
      expect.arrayContaining([
        'ExecStart=/usr/bin/node /opt/lockstep/bin/lockstep up art',
        'Environment=XDG_CONFIG_HOME=/home/anna/.config',
        'Restart=on-failure',
        'RestartPreventExitStatus=2',
        'RequiresMountsFor=/home/anna/art /mnt/nas/art',
      ]),
    );
  });

  const shared = ['NoNewPrivileges=yes', 'RestrictSUIDSGID=yes', 'SystemCallFilter=@system-service'];
  const namespaces = ['ProtectSystem=strict', 'ReadWritePaths=/home/anna/art /mnt/nas/art', 'PrivateTmp=yes'];
  it.each<[string, Partial<Kept>, has: string[], lacks: string[]]>([
    ['of a user', {}, [...shared, ...namespaces, 'PrivateUsers=yes', 'WantedBy=default.target'], ['ProtectClock=yes']],
    ['of a user over ssh', { needsSsh: true }, shared, [...namespaces, 'PrivateUsers=yes']],
    [
      'of the machine',
      { isSystem: true, needsSsh: true },
      [...shared, ...namespaces, 'ProtectClock=yes', 'After=network-online.target', 'WantedBy=multi-user.target'],
      ['PrivateUsers=yes'],
    ],
    ['in /tmp', { directories: ['/tmp/a', '/srv/b'] }, ['PrivateTmp=no'], ['PrivateTmp=yes']],
    ['in /tmpfiles', { directories: ['/tmpfiles', '/srv/b'] }, ['PrivateTmp=yes'], []],
    ['in memory', { isSystem: true, directories: ['/dev/shm/a'] }, ['PrivateDevices=no'], ['PrivateDevices=yes']],
    ['that is not confined', { isConfined: false }, ['Restart=on-failure'], [...shared, ...namespaces]],
  ])('%s', (_, more, has, lacks) => {
    const written = lines(more);
    expect(written).toEqual(expect.arrayContaining(has));
    expect(written.filter((line) => lacks.includes(line))).toEqual([]);
    // V8 writes code and runs it.
    expect(written.join('\n')).not.toContain('MemoryDenyWriteExecute');
  });

  it.each([
    ['/with blank', '"/with blank"'],
    ['/100%', '/100%%'],
    ['/"quoted"', '"/\\"quoted\\""'],
    ['/back\\slash', '"/back\\\\slash"'],
    ['/it’s', '"/it’s"'],
    ['/$HOME', '"/$HOME"'],
  ])('has %s as one word', (dir, word) => {
    expect(lines({ directories: [dir] })).toContain(`ReadWritePaths=${word}`);
  });

  it('has a dollar sign in a command as it is', () => {
    expect(lines({ command: ['/a/$b'] })).toContain('ExecStart="/a/$$b"');
  });
});

describe('a job for launchd', () => {
  it('runs the pair, and again after a failure', () => {
    const text = plistText({ ...kept, command: ['/a & b', '<up>'] }, '/log');
    expect(text).toContain('<string>lockstep.art</string>');
    expect(text).toContain('<string>/a &#38; b</string>\n    <string>&#60;up&#62;</string>');
    expect(text).toContain('<key>XDG_CONFIG_HOME</key>\n    <string>/home/anna/.config</string>');
    expect(text).toContain('<key>SuccessfulExit</key>\n    <false/>');
    expect(text.match(/<string>\/log<\/string>/g)).toHaveLength(2);
  });
});

it.each<[NodeJS.Platform, boolean, string]>([
  ['linux', true, '/etc/systemd/system/lockstep-art.service'],
  ['linux', false, '/home/anna/.config/systemd/user/lockstep-art.service'],
  ['darwin', true, '/Library/LaunchDaemons/lockstep.art.plist'],
  ['darwin', false, '/home/anna/Library/LaunchAgents/lockstep.art.plist'],
])('on %s (of the machine: %s) it is %s', (platform, isSystem, file) => {
  expect(supervisorHere({ HOME: '/home/anna' }, isSystem, platform).fileOf('art')).toBe(file);
});

it('is refused where there is neither', () => {
  expect(() => supervisorHere({}, false, 'win32')).toThrow('has neither systemd nor launchd');
});

it.runIf(process.platform !== 'win32')('asks launchd as it wants to be asked', async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-launchd-'));
  const calls = path.join(home, 'calls');
  const job = path.join(home, 'job');
  // `print` of a job is answered where it was loaded, that of the domain always.
  const script = `#!/bin/sh
echo "$@" >> '${calls}'
case "$1 $2" in
  'print gui/'*/*) test -f '${job}' && printf '\tpid = 4711\n\tlast exit code = 0\n' ;;
  bootstrap*) touch '${job}' ;;
  bootout*) rm '${job}' ;;
esac
`;
  fs.writeFileSync(path.join(home, 'launchctl'), script, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${home}:${PATH}`;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  const launchd = supervisorHere({ HOME: home }, false, 'darwin');
  await launchd.check();
  await launchd.enable('art');
  expect(await launchd.state('art')).toMatchObject({ state: 'stopped', pid: 0, isInstalled: false });
  await launchd.start('art');
  await launchd.start('art');
  expect(await launchd.state('art')).toMatchObject({ state: 'running', pid: 4711, exitCode: 0 });
  await launchd.stop('art');
  await launchd.disable('art');
  const domain = `gui/${process.getuid!()}`;
  const said = fs
    .readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('print'));
  expect(said).toEqual([
    `enable ${domain}/lockstep.art`,
    `bootstrap ${domain} ${home}/Library/LaunchAgents/lockstep.art.plist`,
    `kickstart ${domain}/lockstep.art`,
    `kickstart ${domain}/lockstep.art`,
    `bootout ${domain}/lockstep.art`,
  ]);
});
