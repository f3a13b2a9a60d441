// A machine of its own for tests: its own network, processes, name and home directory, in namespaces of Linux. Nothing of
// it is left when its first process ends, which it does with the test, and it has no way to anywhere but through a cable
// that a test lays.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Ran } from './programs.js';
import { Sayings, until } from './sayings.js';

/** The first process takes in those whose parent has ended, as every shell that waits does. */
const FIRST = `mount --bind "$1" "$2" && mount -t tmpfs none /run && mkdir -m 755 /run/sshd && hostname "$3" &&
ip link set lo up && echo up && cat`;

const NAMESPACES = ['--mount', '--uts', '--net', '--ipc'];
/** The home directory of the superuser, who everybody is there. */
const home = os.userInfo().homedir;

/** What of it is missing on this machine, as words; '' where all is there. */
export function missingForHosts(): string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ' (skipped: only root of Linux can make hosts)';
  const programs = ['unshare', 'nsenter', 'ip', 'sshd', 'ssh', 'ssh-keygen', 'npm'];
  const absent = programs.find((name) => whereIs(name) === null);
  if (absent !== undefined) return ` (skipped: ${absent} is not installed)`;
  const probe = spawnSync('unshare', [
    ...NAMESPACES,
    '--pid',
    '--fork',
    '--mount-proc',
    'ip',
    'link',
    'set',
    'lo',
    'up',
  ]);
  return probe.status === 0 ? '' : ' (skipped: unshare is refused)';
}

/** What a host searches for programs: what is installed in its home directory, then this machine's. */
const programsOf = [
  `${home}/.local/bin`,
  path.dirname(process.execPath),
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
];

const whereIs = (name: string): string | null =>
  programsOf.map((directory) => path.join(directory, name)).find((file) => fs.existsSync(file)) ?? null;

/** A program that runs on a host, with the events that it has said. */
export class HostProcess extends Sayings {
  readonly ended: Promise<number | null>;
  /** Lines that are no events. */
  text = '';

  constructor(readonly child: ChildProcess) {
    super();
    let rest = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines)
        if (line.startsWith('{')) this.hear(`${line}\n`);
        else this.text += `${line}\n`;
      this.wake();
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.wake();
    });
    this.ended = new Promise((resolve) =>
      child.once('close', (code) => {
        resolve(code);
        this.wake();
      }),
    );
  }

  /** Waits for words on stdout or stderr that are no event. */
  async says(words: string): Promise<void> {
    await until(
      () => `${this.text}${this.stderr}`.includes(words),
      () => `"${words}" in: ${this.text}${this.stderr}`,
    );
  }
}

export class Host {
  readonly #first: ChildProcess;

  private constructor(
    readonly name: string,
    /** Its home directory, as this machine sees it. */
    readonly home: string,
    first: ChildProcess,
  ) {
    this.#first = first;
  }

  /** @param directory its home directory, which outlives it. */
  static async boot(name: string, directory: string): Promise<Host> {
    const words = [
      ...NAMESPACES,
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      FIRST,
      'sh',
      directory,
      home,
      name,
    ];
    const first = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [said] = (await Promise.race([once(first.stdout, 'data'), once(first, 'exit')])) as [unknown];
    if (String(said) !== 'up\n') throw new Error(`${name} does not boot: ${String(said)}`);
    return new Host(name, directory, first);
  }

  /** Lays a cable between two hosts, which then have the addresses 10.1.1.1 and 10.1.1.2. */
  static cable(one: Host, other: Host): void {
    for (const host of [one, other]) host.#tryOnNetwork('ip', 'link', 'delete', 'eth0'); // of one that was switched off
    const add = ['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(other.#pid)];
    one.#onNetwork(...add);
    for (const [host, address] of [
      [one, '10.1.1.1/24'],
      [other, '10.1.1.2/24'],
    ] as const) {
      host.#onNetwork('ip', 'address', 'add', address, 'dev', 'eth0');
      host.#onNetwork('ip', 'link', 'set', 'eth0', 'up');
    }
  }

  get #pid(): number {
    return this.#first.pid!;
  }

  #tryOnNetwork(...words: string[]) {
    return spawnSync('nsenter', ['-t', String(this.#pid), '--net', ...words], { encoding: 'utf8' });
  }

  #onNetwork(...words: string[]): void {
    const { status, stderr } = this.#tryOnNetwork(...words);
    if (status !== 0) throw new Error(`${this.name}: ${words.join(' ')}: ${stderr}`);
  }

  /** Pulls the cable out, or puts it in again. */
  plug(state: 'down' | 'up'): void {
    this.#onNetwork('ip', 'link', 'set', 'eth0', state);
  }

  /** The words that run a line of the shell there, in the home directory, as after a login. */
  #login(line: string): string[] {
    const pid = String(this.#pid);
    const spaces = ['-t', pid, ...NAMESPACES, `--pid=/proc/${pid}/ns/pid_for_children`];
    const env = [`HOME=${home}`, 'USER=root', 'LANG=C.UTF-8', 'NO_COLOR=1', `PATH=${programsOf.join(':')}`];
    return [...spaces, 'env', '-i', ...env, 'sh', '-c', `cd && ${line}`];
  }

  /** Runs a line to its end. */
  run(line: string): Promise<Ran> {
    return new Promise((resolve) => {
      execFile('nsenter', this.#login(line), { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
      );
    });
  }

  /** Runs a line that must succeed. @returns what it printed. */
  async do(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    if (code !== 0) throw new Error(`${this.name}$ ${line}: exit code ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Starts what goes on. It has no terminal. */
  start(line: string): HostProcess {
    return new HostProcess(spawn('nsenter', this.#login(`exec ${line}`), { stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Installs a tarball of npm for root, as docs/install.md says, into a prefix where nothing is. */
  async install(tarball: string): Promise<void> {
    fs.copyFileSync(tarball, path.join(this.home, path.basename(tarball)));
    await this.do('npm config set prefix ~/.local');
    await this.do(`npm install -g --offline --no-audit --no-fund ./${path.basename(tarball)}`);
  }

  /** Lets those in who have the key of `from`, which knows this host by its name. */
  async letIn(from: Host, address: string): Promise<void> {
    await from.do(
      "mkdir -p -m 700 .ssh && test -f .ssh/id_ed25519 || ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519",
    );
    await this.do("mkdir -p -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/host_key");
    fs.copyFileSync(path.join(from.home, '.ssh/id_ed25519.pub'), path.join(this.home, '.ssh/authorized_keys'));
    const hostKey = fs.readFileSync(path.join(this.home, '.ssh/host_key.pub'), 'utf8');
    fs.appendFileSync(path.join(from.home, '.ssh/known_hosts'), `${address} ${hostKey}`);
    fs.appendFileSync(path.join(from.home, '.ssh/config'), `Host ${this.name}\n  HostName ${address}\n`);
    const config = [
      `HostKey ${home}/.ssh/host_key`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'UsePAM no',
      'PidFile none',
      `SetEnv PATH=${programsOf.join(':')}`,
    ];
    fs.writeFileSync(path.join(this.home, '.ssh/sshd_config'), `${config.join('\n')}\n`);
  }

  /** Starts the real sshd, and waits until it listens. */
  async startSshd(): Promise<HostProcess> {
    const sshd = this.start(`${whereIs('sshd')} -D -e -f ~/.ssh/sshd_config`);
    await sshd.says('Server listening on 0.0.0.0');
    return sshd;
  }

  /** The power cut: every process ends at once, without a word to anybody. */
  async crash(): Promise<void> {
    const ended = once(this.#first, 'exit');
    // The kernel would tell the other ends of connections that their process has ended.
    this.#tryOnNetwork('ip', 'link', 'set', 'eth0', 'down');
    this.#first.kill('SIGKILL');
    await ended;
  }
}
