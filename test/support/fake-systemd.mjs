#!/usr/bin/env node
// A stand-in for systemctl, journalctl and loginctl, by the name that it is called by. It keeps units in
// FAKE_SYSTEMD/NAME.json, really runs what ExecStart says, and notes each line that it was given in FAKE_SYSTEMD/calls.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const [, called, ...words] = process.argv;
const { FAKE_SYSTEMD: home, XDG_CONFIG_HOME: config } = process.env;
const program = path.basename(called);
fs.appendFileSync(path.join(home, 'calls'), `${[program, ...words].join(' ')}\n`);
const [verb, ...rest] = words.filter((word) => word !== '--user');
const unit = rest.find((word) => word.endsWith('.service'));
const inHome = (end) => path.join(home, `${unit}.${end}`);
const file = () => path.join(config, 'systemd', 'user', unit);

const read = (name) => (fs.existsSync(name) ? fs.readFileSync(name, 'utf8') : '');
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Words as systemd splits them. */
const wordsOf = (line) =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain).replace(/\\(.)/g, '$1').replaceAll('%%', '%'),
  );

function start() {
  const text = read(file());
  const values = (name) => [...text.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value);
  const variables = values('Environment').flatMap(wordsOf).map((pair) => pair.split(/=(.*)/s).slice(0, 2));
  const [command, ...args] = wordsOf(values('ExecStart')[0]);
  const log = fs.openSync(inHome('log'), 'a');
  // A shell notes how it ends, as systemd does.
  const script = `"$@"; echo $? > '${inHome('exit')}'`;
  fs.rmSync(inHome('exit'), { force: true });
  const child = spawn('sh', ['-c', script, 'sh', command, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...Object.fromEntries(variables) },
  });
  child.unref();
  fs.writeFileSync(inHome('pid'), String(child.pid));
}

function show() {
  if (unit === undefined) return 'Version=252\n';
  const pid = Number(read(inHome('pid')));
  const exit = read(inHome('exit')).trim();
  const isRunning = pid > 0 && exit === '' && isAlive(pid);
  const active = isRunning ? 'active' : exit !== '' && exit !== '0' ? 'failed' : 'inactive';
  return [
    `LoadState=${fs.existsSync(file()) ? 'loaded' : 'not-found'}`,
    `ActiveState=${active}`,
    `MainPID=${isRunning ? pid : 0}`,
    `ExecMainStatus=${exit === '' ? 0 : exit}`,
    `UnitFileState=${fs.existsSync(inHome('enabled')) ? 'enabled' : 'disabled'}`,
    '',
  ].join('\n');
}

function stop() {
  const pid = Number(read(inHome('pid')));
  if (pid > 0 && isAlive(pid)) process.kill(-pid, 'SIGTERM');
  while (pid > 0 && isAlive(pid)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  fs.rmSync(inHome('pid'), { force: true });
  fs.rmSync(inHome('exit'), { force: true });
}

if (program === 'loginctl') process.stdout.write('Linger=no\n');
else if (program === 'journalctl') process.stdout.write(read(path.join(home, `${words[words.indexOf('--unit') + 1]}.log`)));
else if (process.env.FAKE_SYSTEMD_DOWN) {
  process.stderr.write('Failed to connect to bus: No medium found\n');
  process.exitCode = 1;
} else if (verb === 'show') process.stdout.write(show());
else if (verb === 'start') start();
else if (verb === 'stop') stop();
else if (verb === 'enable') fs.writeFileSync(inHome('enabled'), '');
else if (verb === 'disable') {
  stop();
  fs.rmSync(inHome('enabled'), { force: true });
}
