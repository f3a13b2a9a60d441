// `lockstep up DIR HOST:DIR` as people have it: the package installed on two hosts that have nothing in common but a
// cable, a real sshd between them, and what happens to them in a year. The cases are one story, in their order.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Host, type HostProcess, missingForHosts } from '../support/host.js';
import { packed } from '../support/packed.js';
import { textOf, until } from '../support/programs.js';
import { full } from '../support/sizes.js';

const reason = full ? missingForHosts() : ' (skipped: only in the long form)';
/** One line, as somebody types it. */
const LINE = 'lockstep up art office:art --create';

describe.skipIf(reason !== '')(`a pair over ssh between two hosts${reason}`, { timeout: 300_000 }, () => {
  let directory: string;
  let tarball: string;
  let home: Host;
  let office: Host;
  let sshd: HostProcess;
  let pair: HostProcess;

  const inHome = (name: string) => textOf(path.join(home.home, 'art'), name);
  const inOffice = (name: string) => textOf(path.join(office.home, 'art'), name);
  const pidAt = (host: Host): number | null => {
    const text = textOf(path.join(host.home, 'art', '.lockstep'), 'server.json');
    return text === null ? null : (JSON.parse(text) as { pid: number }).pid;
  };

  async function boot(name: string): Promise<Host> {
    const at = path.join(directory, name);
    fs.mkdirSync(at, { recursive: true, mode: 0o700 });
    return Host.boot(name, at);
  }

  /** Writes a file on each side, and waits until it is on the other. */
  async function exchange(name: string): Promise<void> {
    fs.writeFileSync(path.join(home.home, 'art', `${name}-home.txt`), name);
    fs.writeFileSync(path.join(office.home, 'art', `${name}-office.txt`), name);
    await until(
      () => inOffice(`${name}-home.txt`) === name && inHome(`${name}-office.txt`) === name,
      () => `${name}: ${JSON.stringify(pair.said.slice(-5))} ${pair.stderr}`,
    );
  }

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-hosts-'));
    const made = await packed();
    tarball = path.join(directory, path.basename(made.tarball));
    fs.renameSync(made.tarball, tarball);
    fs.rmSync(made.directory, { recursive: true });
    home = await boot('home');
    office = await boot('office');
    Host.cable(home, office);
    await office.letIn(home, '10.1.1.2');
    sshd = await office.startSshd();
  }, 600_000);

  afterAll(async () => {
    await Promise.all([home?.crash(), office?.crash()]);
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });

  it('installs from the tarball, without a network, on an empty prefix of both', async () => {
    await home.install(tarball);
    const refused = await home.run(LINE);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('There is no program lockstep on office.'),
    ]);
    await office.install(tarball);
    expect(await home.do('ssh office lockstep --version')).toBe(await home.do('lockstep --version'));
  });

  it('is ready after one line, and carries a file each way', async () => {
    pair = home.start(`${LINE} --log json`);
    await pair.wait('ready');
    await exchange('first');
    const status = JSON.parse(await home.do('cd art && lockstep --json status')) as Record<string, unknown>;
    expect(status).toMatchObject({ state: 'in-sync', peer: { address: 'office:art', connected: true } });
  });

  it('goes on by itself when the cable was out for a moment', async () => {
    const since = pair.said.length;
    home.plug('down');
    fs.writeFileSync(path.join(home.home, 'art', 'moment.txt'), 'moment');
    await pair.wait(({ event, path: at }) => event === 'syncing' || at === 'moment.txt', since);
    home.plug('up');
    await until(() => inOffice('moment.txt') === 'moment');
    await exchange('moment');
  });

  it('connects anew when the cable was out until both sides had given up', async () => {
    const since = pair.said.length;
    home.plug('down');
    fs.writeFileSync(path.join(home.home, 'art', 'night-home.txt'), 'night');
    fs.writeFileSync(path.join(office.home, 'art', 'night-office.txt'), 'night');
    await pair.wait('peer-lost', since);
    home.plug('up');
    await pair.wait('peer-connected', since);
    await exchange('night');
  });

  it('connects anew when sshd was killed, with all of its connections', async () => {
    const since = pair.said.length;
    await office.run(
      'cd /proc && for pid in [0-9]*; do read -r name < $pid/comm && [ "$name" = sshd ] && kill -9 $pid; done',
    );
    await sshd.ended;
    await pair.wait('peer-lost', since);
    await until(() => pidAt(office) === null);
    fs.writeFileSync(path.join(office.home, 'art', 'while-away.txt'), 'away');
    sshd = await office.startSshd();
    await pair.wait('peer-connected', since);
    await until(() => inHome('while-away.txt') === 'away');
    await exchange('sshd');
  });

  it('starts server-b anew where it was killed', async () => {
    const since = pair.said.length;
    await office.do(`kill -9 ${pidAt(office)}`);
    await pair.wait('peer-lost', since);
    await pair.wait('peer-connected', since);
    await exchange('killed-b');
  });

  it('outlives a hangup of both', async () => {
    await home.do(`kill -HUP ${pidAt(home)}`);
    await office.do(`kill -HUP ${pidAt(office)}`);
    await exchange('hangup');
  });

  it('ends with the terminal in which it runs, and outlives a logout without one', async () => {
    await home.do(`kill ${pidAt(home)}`);
    expect(await pair.ended).toBe(0);
    await home.letIn(office, '10.1.1.1');
    await home.startSshd();
    pair = office.start(`sh -c 'echo $$ > ssh.pid; exec ssh -tt home ${LINE} --log json'`);
    await pair.wait('ready');
    await office.do('kill $(cat ssh.pid)');
    await until(() => pidAt(home) === null && pidAt(office) === null);
    await office.do(`ssh home 'nohup ${LINE} > up.log 2>&1 < /dev/null &'`);
    await until(() => textOf(home.home, 'up.log')?.includes('\nready '));
    await exchange('logout');
  });

  it('is there again after kill -9 of server-a, whose server-b ends with it', async () => {
    const before = pidAt(office);
    await home.do(`kill -9 ${pidAt(home)}`);
    await until(() => pidAt(office) === null);
    pair = home.start(`${LINE} --name art --log json`);
    await pair.wait('ready');
    expect(pidAt(office)).not.toBe(before);
    await exchange('killed-a');
  });

  it('is connected again by itself when the other host was switched off and on', async () => {
    const since = pair.said.length;
    await office.crash();
    office = await boot('office');
    Host.cable(home, office);
    sshd = await office.startSshd();
    await pair.wait('peer-connected', since);
    await exchange('office-off');
  });

  it('is there again when its own host was switched off and on, and the service begins', async () => {
    const unit = await home.do('lockstep service install art --print');
    const line = /^ExecStart=(.*)$/m.exec(unit)![1]!;
    await home.crash();
    home = await boot('home');
    Host.cable(home, office);
    pair = home.start(`${line} --log json`);
    await pair.wait('ready');
    await exchange('home-off');
  });
});
