// A person who works on one side of a pair with real tools: vi, sed, cp, mv, rm, git, large files. Every content says
// what it is, so that a half one is told from a whole one, and the person knows what ought to be there.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** A source of chance that can be replayed. */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const SMALL = [0, 1, 40, 4_000, 60_000];
const LARGE_BYTES = 6 << 20;

/** @returns a content of about `bytes` that says `version` at its beginning and its end. */
export const contentOf = (version: string, bytes: number): string =>
  `v=${version}\nbytes=${bytes}\n${'x'.repeat(bytes)}\nv=${version}\n`;

/** @returns the version that a whole content says, null for a half one. */
export function versionOf(text: string): string | null {
  const found = /^v=(.*)\nbytes=(\d+)\n(x*)\nv=(.*)\n$/.exec(text);
  if (found === null) return null;
  const [, first, bytes, body, last] = found;
  return first === last && Number(bytes) === body!.length ? first! : null;
}

export class Editor {
  readonly #side: 'a' | 'b';
  readonly #root: string;
  readonly #outside: string;
  readonly #random: (below: number) => number;

  /** What ought to stand below `home`: path there to version. Only this person writes there. */
  readonly model = new Map<string, string>();
  /** Every version that ever stood under a name below `home`. */
  readonly history = new Map<string, Set<string>>();
  /** What ought to be found somewhere: versions of shared files that this person wrote and did not give up. */
  readonly shared = new Map<string, string>();
  #count = 0;

  /**
   * @param root the root of this side.
   * @param home the directory that is this person's alone; `both` is everybody's.
   * @param outside a directory outside the root, on the same disk.
   */
  constructor(
    side: 'a' | 'b',
    root: string,
    readonly home: string,
    outside: string,
    random: (below: number) => number,
  ) {
    this.#side = side;
    this.#root = root;
    this.#outside = outside;
    this.#random = random;

    fs.mkdirSync(this.#at(home), { recursive: true });
    fs.mkdirSync(this.#at('both'), { recursive: true });
    fs.mkdirSync(outside, { recursive: true });
  }

  #at(name: string): string {
    return path.join(this.#root, name);
  }

  #next(): string {
    return `${this.#side}${++this.#count}`;
  }

  #anyName(): string {
    const dirs = ['', 'd/', 'd/e/', 'g/'];
    return `${dirs[this.#random(dirs.length)]}f${this.#random(8)}.txt`;
  }

  #anyKnown(): string | null {
    const names = [...this.model.keys()];
    return names.length === 0 ? null : names[this.#random(names.length)]!;
  }

  #put(name: string, version: string): void {
    this.model.set(name, version);
    this.#remember(name, [version]);
  }

  #remember(name: string, versions: Iterable<string>): void {
    this.history.set(name, new Set([...(this.history.get(name) ?? []), ...versions]));
  }

  /** Does one thing. */
  act(): void {
    const acts = [
      this.#copy,
      this.#copy,
      this.#sed,
      this.#vi,
      this.#move,
      this.#moveDirectory,
      this.#remove,
      this.#large,
    ];
    const more = [this.#sharedWrite, this.#sharedWrite, this.#sharedRemove, this.#checkout];
    const all = [...acts, ...more];
    all[this.#random(all.length)]!.call(this);
  }

  #copy(): void {
    const name = this.#anyName();
    const version = this.#next();
    const source = path.join(this.#outside, 'source');
    fs.writeFileSync(source, contentOf(version, SMALL[this.#random(SMALL.length)]!));
    fs.mkdirSync(path.dirname(this.#at(`${this.home}/${name}`)), { recursive: true });
    if (run('cp', [source, this.#at(`${this.home}/${name}`)])) this.#put(name, version);
  }

  /** A large file comes by rename, as a download does. */
  #large(): void {
    const name = `large${this.#random(2)}.bin`;
    const version = this.#next();
    const source = path.join(this.#outside, 'large');
    fs.writeFileSync(source, contentOf(version, LARGE_BYTES + this.#random(100_000)));
    fs.renameSync(source, this.#at(`${this.home}/${name}`));
    this.#put(name, version);
  }

  #sed(): void {
    const name = this.#anyKnown();
    if (name === null) return;
    const version = this.#next();
    if (run('sed', ['-i', `s/^v=.*/v=${version}/`, this.#at(`${this.home}/${name}`)])) this.#put(name, version);
  }

  #vi(): void {
    const name = this.#anyKnown();
    if (name === null || name.startsWith('large')) return;
    const version = this.#next();
    const file = this.#at(`${this.home}/${name}`);
    const args = ['-es', '-u', 'NONE', '-c', `%s/^v=.*/v=${version}/`, '-c', 'wq', file];
    if (run('vim.tiny', args)) this.#put(name, version);
  }

  #move(): void {
    const from = this.#anyKnown();
    const to = this.#anyName();
    if (from === null || from === to || from.startsWith('large')) return;
    fs.mkdirSync(path.dirname(this.#at(`${this.home}/${to}`)), { recursive: true });
    if (!run('mv', [this.#at(`${this.home}/${from}`), this.#at(`${this.home}/${to}`)])) return;
    this.#put(to, this.model.get(from)!);
    this.#remember(to, this.history.get(from)!);
    this.model.delete(from);
  }

  #moveDirectory(): void {
    const [from, to] = this.#random(2) === 0 ? (['d', 'g'] as const) : (['g', 'd'] as const);
    const target = `${to}/moved${this.#random(3)}`;
    if (!fs.existsSync(this.#at(`${this.home}/${from}`)) || fs.existsSync(this.#at(`${this.home}/${target}`))) return;
    fs.mkdirSync(this.#at(`${this.home}/${to}`), { recursive: true });
    fs.renameSync(this.#at(`${this.home}/${from}`), this.#at(`${this.home}/${target}`));
    const newName = (name: string) => `${target}/${name.slice(from.length + 1)}`;
    // Of what went along only: each move would add all names that ever were below, and their number would explode.
    for (const below of fs.readdirSync(this.#at(`${this.home}/${target}`), { recursive: true, encoding: 'utf8' })) {
      this.#remember(`${target}/${below}`, this.history.get(`${from}/${below}`) ?? []);
    }
    for (const [name, version] of [...this.model]) {
      if (!name.startsWith(`${from}/`)) continue;
      this.model.delete(name);
      this.#put(newName(name), version);
    }
  }

  #remove(): void {
    const victims = ['d', 'd/e', 'g', 'd/moved0', 'f1.txt', 'g/moved1'];
    const victim = victims[this.#random(victims.length)]!;
    run('rm', ['-rf', this.#at(`${this.home}/${victim}`)]);
    for (const name of [...this.model.keys()]) {
      if (name === victim || name.startsWith(`${victim}/`)) this.model.delete(name);
    }
  }

  #sharedWrite(): void {
    const name = `s${this.#random(5)}.txt`;
    const version = this.#next();
    const source = path.join(this.#outside, 'shared');
    fs.writeFileSync(source, contentOf(version, SMALL[this.#random(SMALL.length)]!));
    fs.renameSync(source, this.#at(`both/${name}`));
    this.shared.set(name, version);
  }

  #sharedRemove(): void {
    const name = `s${this.#random(5)}.txt`;
    run('rm', ['-f', this.#at(`both/${name}`)]);
    this.shared.delete(name);
  }

  #commits = 0;

  /** Back and forth between the commits of a small repository. */
  #checkout(): void {
    const repo = this.#at(`${this.home}/repo`);
    const git = (...args: string[]) =>
      run('git', ['-C', repo, '-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'gc.auto=0', ...args]);
    if (this.#commits === 0) {
      fs.mkdirSync(repo, { recursive: true });
      git('init', '-q', '-b', 'main');
      for (; this.#commits < 4; this.#commits++) {
        for (let n = 0; n < 12; n++) {
          const file = path.join(repo, `src/m${(n + this.#commits) % 15}/c${n}.txt`);
          fs.mkdirSync(path.dirname(file), { recursive: true });
          fs.writeFileSync(file, contentOf(`${this.#side}git${this.#commits}-${n}`, 200 * n));
        }
        git('add', '-A');
        git('commit', '-q', '-m', `commit ${this.#commits}`);
        git('tag', `t${this.#commits}`);
      }
    }
    git('checkout', '-q', `t${this.#random(this.#commits)}`);
  }

  /** @returns what git finds in the work tree on side `root` that it did not leave there. */
  static strayIn(root: string, home: string): string[] {
    const repo = path.join(root, home, 'repo');
    if (!fs.existsSync(repo)) return [];
    const args = ['-C', repo, '-c', 'safe.directory=*', 'status', '--porcelain', '-uall'];
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
    const { stdout, stderr } = spawnSync('git', args, { encoding: 'utf8', env });
    return (stdout + stderr).split('\n').filter((line) => line !== '');
  }
}

const run = (program: string, args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
