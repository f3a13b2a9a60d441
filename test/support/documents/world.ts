// What the blocks of a document run in: directories of their own, servers in the process of the test, and a shell. A
// command is run as it stands, with these substitutions:
// - a server listens on a free port, the same one when it is started again, instead of the one that it is told, and wherever a document names a port that a
//   server was told, 8080 and 8081 unless it says otherwise, commands get the real one; what is printed is turned back;
// - a name of another machine, in front of such a port, becomes 127.0.0.1: all machines are directories of this one, and
//   `scp FILE MACHINE:DIRECTORY` copies from one to another;
// - `nc HOST PORT` at the end of a pipe is a socket of the test, because not every machine has an nc;
// - who gives a key has its name, and nobody else's;
// - client lines without anything for a shell run in the process of the test, all of the program but its process.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Connections } from '../../../src/cli/connections.js';
import { splitWords } from '../../../src/cli/shell-words.js';
import { Client } from '../../../src/client/client.js';
import { run as runLine } from '../../cli/fake-context.js';
import { portToKeep } from '../ports.js';
import { project } from '../programs.js';
import { until } from '../sayings.js';
import { normal } from './normal.js';
import { type Answer, withQuickClient, writeQuickClient } from './quick-client.js';
import { type Talker, TalkingCommand, TalkingServer } from './talker.js';

const PROGRAMS = ['client', 'server-a', 'server-b', 'lockstep'] as const;
const SERVER = /^(?:npx )?(server-[ab])\b(.*)$/;
const CLIENT = /^(?:npx )?client\b(.*)$/;
const NETCAT = / \| nc 127\.0\.0\.1 (\d+)$/;
/** Nothing listens there. */
const NOBODY = 1;
const PORT_OF = { 'server-a': '8080', 'server-b': '8081' } as const;

export class World {
  readonly directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-docs-')));
  /** What was run in the background, by who typed it; servers by the names of their programs. */
  readonly talkers = new Map<string, Talker>();
  readonly #home = path.join(this.directory, 'home', 'anna');
  readonly #quickBin = path.join(this.directory, 'quick-bin');
  readonly #place = path.join(this.#home, 'lockstep');
  /** What each one has exported. */
  readonly #exported = new Map<string, Record<string, string>>();
  /** Ports as documents say them, and as they are. */
  readonly #ports = new Map<string, number>();
  readonly #machines: readonly string[];
  #secretFile: string | undefined;
  #exitCode = 0;

  /** @param machines directories that stand for machines; the prompt with the name of one is in it. */
  constructor(machines: readonly string[] = []) {
    this.#machines = machines;
    for (const name of ['directory_a', 'directory_b', ...machines]) {
      fs.mkdirSync(path.join(this.#place, name), { recursive: true });
    }
    const bin = path.join(this.directory, 'bin');
    fs.mkdirSync(bin);
    for (const name of PROGRAMS) shim(path.join(bin, name), `exec '${path.join(project, 'bin', name)}' "$@"`);
    shim(path.join(bin, 'npx'), 'exec "$@"');
    fs.mkdirSync(this.#quickBin);
    writeQuickClient(path.join(this.#quickBin, 'client'), path.join(bin, 'client'));
  }

  /** Copies the samples of the checkout into both directories, as they are when somebody has just cloned it. */
  copySamples(): void {
    for (const side of ['directory_a', 'directory_b']) {
      const from = path.join(project, side);
      const filter = (name: string) => path.basename(name) !== '.lockstep';
      fs.cpSync(from, path.join(this.#place, side), { recursive: true, filter });
    }
  }

  /** Runs what somebody types. @returns what it printed, made the same always. */
  async type(who: string, command: string): Promise<string> {
    const printed = await this.#run(who, command);
    await this.settle();
    return this.normal(printed);
  }

  /** @returns the server that `command` has started; null where it has started none, or one that could not start. */
  running(command: string): Talker | null {
    const program = SERVER.exec(command)?.[1];
    return program !== undefined && isPlain(command) && this.#exitCode === 0 ? this.talkers.get(program)! : null;
  }

  /** Starts what goes on talking, and waits until it has begun. */
  async begin(who: string, command: string): Promise<Talker> {
    const talker = new TalkingCommand(this.#real(command), this.#cwd(who), this.#env(who));
    this.talkers.set(who, talker);
    await talker.ready(/ watch\b/.test(command) ? () => this.#lockOnce() : undefined);
    return talker;
  }

  /** Makes something happen that `client watch` shows: it prints nothing else when it has begun. */
  async #lockOnce(): Promise<void> {
    const server = `127.0.0.1:${this.port('8080')}`;
    const client = await Client.connect({ server, user: 'nobody', secretFile: this.#secretFile });
    await client.lock([0]);
    await client.unlock([0]);
    client.close();
  }

  normal(text: string): string {
    const machines = this.#machines.map((name) => [this.#homeOf(name), '/home/anna'] as const);
    const ports = [...this.#ports].map(([shown, real]) => [`:${real}`, `:${shown}`] as const);
    const numbers = [...this.#ports].map(([shown, real]) => [`"port":${real}`, `"port":${shown}`] as const);
    return normal(text, [
      ...machines,
      [this.#home, '/home/anna'],
      [`127.0.0.1:${NOBODY}:`, '127.0.0.1:8080:'],
      ...ports,
      ...numbers,
    ]);
  }

  /** @returns the real port for one that a document names. */
  port(shown: string): number {
    const port = this.#ports.get(shown);
    if (port === undefined) throw new Error(`No server was told to listen on port ${shown}.`);
    return port;
  }

  async #run(who: string, command: string): Promise<string> {
    const exported = /^export (\w+)=(.*)$/.exec(command);
    if (exported !== null) {
      const value = this.#homely(who, this.#real(splitWords(exported[2]!)[0] ?? ''));
      this.#exported.set(who, { ...this.#exported.get(who), [exported[1]!]: value });
      return '';
    }
    if (command === 'echo $?') return `${this.#exitCode}\n`;
    const stopped = /^stop (\S+)$/.exec(command);
    if (stopped !== null) {
      await this.talkers.get(stopped[1]!)!.stop();
      return '';
    }
    const awaited = /^wait (\S+)$/.exec(command);
    if (awaited !== null) {
      await this.#becomes(awaited[1]!);
      return '';
    }
    const netcat = NETCAT.exec(command);
    if (netcat !== null) return this.#netcat(who, command.slice(0, netcat.index), this.port(netcat[1]!));
    const server = SERVER.exec(command);
    if (server !== null && isPlain(command)) return this.#serve(who, server[1] as 'server-a', splitWords(server[2]!));
    if (server !== null) throw new Error('a server is started by a plain line of its own');
    const client = CLIENT.exec(command);
    if (client !== null && isPlain(command))
      return this.#client(
        who,
        splitWords(this.#real(client[1]!)).map((word) => this.#homely(who, word)),
      );
    return this.#shell(who, command);
  }

  /** A word with the home directory for `~`, as a shell gives it. */
  #homely(who: string, word: string): string {
    return word.replace(/^~(?=\/)/, this.#homeOf(who));
  }

  /** Who works at a machine is in the home directory there, else beside both directories. */
  #cwd(who: string): string {
    return this.#machines.includes(who) ? this.#homeOf(who) : this.#place;
  }

  /** At a machine, the name that a client there has unless it is told another. */
  #nameOf(who: string): string {
    return this.#machines.includes(who) ? `anna@${who}` : who === '' ? 'anna' : who;
  }

  #homeOf(who: string): string {
    return this.#machines.includes(who) ? path.join(this.#place, who) : this.#home;
  }

  #env(who: string): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !/^(?:LOCKSTEP|npm)_/.test(name));
    const port = this.#ports.get('8080') ?? NOBODY;
    return {
      ...Object.fromEntries(own),
      ...{ HOME: this.#homeOf(who), XDG_STATE_HOME: path.join(this.directory, 'state'), NO_COLOR: '1', TZ: 'UTC' },
      PATH: `${path.join(this.directory, 'bin')}:${process.env.PATH}`,
      LOCKSTEP_SERVER: `127.0.0.1:${port}`,
      ...(isKey(this.#exported.get(who)?.LOCKSTEP_SECRET_FILE) ? {} : { LOCKSTEP_USER: this.#nameOf(who) }),
      ...this.#exported.get(who),
    };
  }

  /** A command with the real ports. */
  #real(command: string): string {
    let real = command;
    for (const [shown, port] of this.#ports) {
      real = real.replace(
        new RegExp(`\\b[a-z][\\w.-]*:${shown}\\b|127\\.0\\.0\\.1:${shown}\\b`, 'g'),
        `127.0.0.1:${port}`,
      );
    }
    return real;
  }

  async #serve(who: string, program: 'server-a' | 'server-b', args: readonly string[]): Promise<string> {
    const words = this.#serverWords(program, args, this.#cwd(who), await portToKeep());
    const other = this.#runningServer(program === 'server-a' ? 'server-b' : 'server-a');
    const agreed = program === 'server-b' ? other?.agreed() : undefined;
    // With a server-b that does not start nobody agrees, and nobody waits for it.
    agreed?.catch(() => {});
    const talker = new TalkingServer(program, words.args, this.#env(who));
    this.talkers.set(program, talker);
    const port = await talker.port();
    if (port === null) {
      this.#exitCode = (await talker.ended) ?? 1;
      return talker.text;
    }
    this.#exitCode = 0;
    this.#ports.set(words.port, port);
    if (words.secretFile !== undefined) this.#secretFile = words.secretFile;
    await talker.ready(other !== null);
    await agreed;
    return talker.text;
  }

  #runningServer(program: string): TalkingServer | null {
    const talker = this.talkers.get(program);
    return talker instanceof TalkingServer && !talker.isStopped ? talker : null;
  }

  /**
   * A server's words with a free port and with absolute paths: it runs in the directory of the test.
   * @param free the port where none was taken before.
   */
  #serverWords(program: keyof typeof PORT_OF, given: readonly string[], cwd: string, free: number) {
    const args: string[] = [];
    let port: string = PORT_OF[program];
    let dir = program === 'server-a' ? 'directory_a' : 'directory_b';
    let secretFile: string | undefined;
    let keys: string | undefined;
    for (let at = 0; at < given.length; at++) {
      const word = given[at]!;
      if (word === '--port') port = given[++at]!;
      else if (at === 0 && /^\d+$/.test(word)) port = word;
      else if (word === '--dir') dir = given[++at]!;
      else if (word === '--secret-file') secretFile = path.resolve(cwd, given[++at]!);
      else if (word === '--keys') keys = path.resolve(cwd, given[++at]!);
      else args.push(this.#real(word));
    }
    const isPort = Number(port) <= 65_535;
    args.push(
      '--dir',
      path.resolve(cwd, dir.replace(/^~(?=\/)/, this.#home)),
      '--port',
      isPort ? String(this.#ports.get(port) ?? free) : port,
    );
    if (secretFile !== undefined) args.push('--secret-file', secretFile);
    if (keys !== undefined) args.push('--keys', keys);
    const peer = this.#ports.get('8081');
    if (program === 'server-a' && peer !== undefined && !args.includes('--peer'))
      args.push('--peer', `127.0.0.1:${peer}`);
    // A document makes the key of its reader first.
    return { args, port, secretFile: keys === undefined ? secretFile : path.join(keys, 'anna.key') };
  }

  async #client(who: string, words: readonly string[]): Promise<string> {
    const { code, out, err } = await this.#clientIn(who, words, this.#cwd(who));
    this.#exitCode = code;
    return `${err}${out}`;
  }

  async #clientIn(who: string, words: readonly string[], cwd: string): Promise<Answer> {
    const connections = new Connections((server, user, trust) => Client.connect({ server, user, ...trust }));
    const connect = connections.get.bind(connections);
    const before = process.cwd();
    process.chdir(cwd);
    try {
      const { LOCKSTEP_USER, ...others } = this.#env(who);
      const env = words.some(isKey) ? others : { ...others, LOCKSTEP_USER };
      return await runLine(words, { connect, env: env as Record<string, string> });
    } finally {
      process.chdir(before);
      connections.close();
    }
  }

  /** The servers go on meanwhile: they are in this process. */
  async #shell(who: string, command: string): Promise<string> {
    // A shell empties the file before the command writes: on a busy machine the servers would see it empty.
    const whole = command.replace(
      /(?<=^|; |do )((?:echo|printf) [^;|&>]*) > ([^\s;|&]+)/g,
      '$1 > .written; mv .written $2',
    );
    const copied = whole.replace(/^scp ((?:-\w+ )*\S+) (\S+):(\S*)$/, (_, what, machine, to) => {
      return `cp ${what} '${path.join(this.#place, machine, to)}/'`;
    });
    const running = await withQuickClient(
      (words, cwd) => this.#clientIn(who, words, cwd),
      async (port) => {
        const env = this.#env(who);
        const quick = { ...env, ...port, PATH: `${this.#quickBin}:${env.PATH}` };
        const talker = new TalkingCommand(this.#real(copied), this.#cwd(who), quick);
        this.#exitCode = (await talker.ended) ?? 1;
        return talker;
      },
    );
    return running.text;
  }

  async #netcat(who: string, pipe: string, port: number): Promise<string> {
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    socket.end(await this.#shell(who, pipe));
    await once(socket, 'close');
    return heard;
  }

  async #becomes(state: string): Promise<void> {
    const client = await Client.connect({ server: `127.0.0.1:${this.port('8080')}`, secretFile: this.#secretFile });
    const isReached = async () => {
      const { state: present, locks } = await client.status();
      if (state === 'locked' || state === 'unlocked') return locks > 0 === (state === 'locked');
      return present === state;
    };
    await until(isReached);
    client.close();
  }

  /** Waits until what was done is on both sides, or held, as far as the pair goes on at all. */
  async settle(): Promise<void> {
    const server = `127.0.0.1:${this.#ports.get('8080')}`;
    if (!this.talkers.has('server-a')) return;
    try {
      const client = await Client.connect({ server, secretFile: this.#secretFile });
      const { state } = await client.status();
      if (state === 'in-sync' || state === 'syncing' || state === 'scanning') await client.flush({ timeoutMs: 20_000 });
      client.close();
    } catch {
      // It is stopped, or halts: the next command shows that.
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.talkers.values()].map((talker) => talker.stop()));
    if (!this.directory.startsWith(fs.realpathSync(os.tmpdir()))) throw new Error(`${this.directory} is not temporary`);
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

const isKey = (file: string | undefined): boolean => file?.endsWith('.key') === true;

/** Whether a line has nothing in it that only a shell understands. */
const isPlain = (line: string): boolean => !/[|<>&;$`*?{}\n]/.test(line.replace(/'[^']*'|"[^"$`]*"/g, ''));

function shim(file: string, line: string): void {
  fs.writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
}
