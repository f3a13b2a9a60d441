// Processes that share nothing with a test but the disk. One swaps what is in a root for links to outside, and back, as
// fast as it can. One changes files on the other side, so that a server has something to do to them, and swaps each once
// when the change is about to arrive: what is swapped all the time is seldom found still enough to be changed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type fs from 'node:fs';
import { createInterface } from 'node:readline';

export interface SwapPlan {
  readonly root: string;
  /** A link to what has the same name here takes the place of what is swapped. */
  readonly outside: string;
  /** Where the real thing waits meanwhile; on the same disk. */
  readonly hold: string;
  readonly files: readonly string[];
  readonly directories: readonly string[];
  /** Lockstep's own directories; swapped once in a while, so that its work goes on. */
  readonly own: readonly string[];
  readonly seed: number;
}

export interface AmbushPlan {
  readonly root: string;
  /** The root of the other side, where the changes are made. */
  readonly other: string;
  readonly outside: string;
  readonly hold: string;
  readonly files: readonly string[];
  /** What is swapped by somebody else: changed only. */
  readonly busy: readonly string[];
  readonly directories: readonly string[];
  readonly seed: number;
}

/** One such process, at work until `stop`. */
export class DiskUser {
  /** How often it has swapped something. */
  count = 0;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(work: string, plan: SwapPlan | AmbushPlan) {
    const source = `(${work})(require('node:fs'), ${JSON.stringify(plan)}, (${chanceFrom})(${plan.seed}))`;
    this.#child = spawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.count = Number(line);
    });
  }

  static swapping(plan: SwapPlan): DiskUser {
    return new DiskUser(String(swapForEver), plan);
  }

  static ambushing(plan: AmbushPlan): DiskUser {
    return new DiskUser(String(ambushForEver), plan);
  }

  /** Lets it put everything back and end. */
  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}

// What follows runs in the processes: nothing from outside a function exists there but what it is given.

type Random = (below: number) => number;

function chanceFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function swapForEver(disk: typeof fs, plan: SwapPlan, random: Random): void {
  const { root, outside, hold, files, directories, own } = plan;
  const attempt = (act: () => void): boolean => {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  };
  const away = (name: string) => `${hold}/${name.replaceAll('/', '+')}`;
  const pause = (most: number) => {
    for (let left = random(most); left > 0; left--) random(2);
  };
  const swapIn = (name: string): boolean => {
    if (!attempt(() => disk.renameSync(`${root}/${name}`, away(name)))) {
      if (own.includes(name)) return false;
      attempt(() => disk.rmSync(away(name), { recursive: true, force: true }));
    }
    return attempt(() => disk.symlinkSync(`${outside}/${name}`, `${root}/${name}`));
  };
  const swapBack = (name: string) => {
    // Only the link goes: a server may have put something in its place.
    if (attempt(() => disk.readlinkSync(`${root}/${name}`))) attempt(() => disk.unlinkSync(`${root}/${name}`));
    if (attempt(() => disk.renameSync(away(name), `${root}/${name}`)) || !own.includes(name)) return;
    // A server made the directory again before the link was there: as who finds it, the real one takes its place.
    if (!disk.existsSync(away(name))) return;
    attempt(() => disk.renameSync(`${root}/${name}`, `${hold}/made-${swaps}-${made++}`));
    attempt(() => disk.renameSync(away(name), `${root}/${name}`));
  };
  let made = 0;
  let swaps = 0;
  let over = false;
  process.stdin.on('end', () => {
    over = true;
  });
  process.stdin.resume();
  const slice = () => {
    for (let n = 0; n < 500; n++) {
      const kind = random(2_000);
      const names = kind === 0 ? own : kind < 400 ? directories : files;
      const name = names[random(names.length)]!;
      if (swapIn(name)) swaps++;
      pause(500);
      swapBack(name);
      pause(5_000);
    }
    console.log(swaps);
    if (!over) setImmediate(slice);
  };
  slice();
}

/** Changes a file on the other side, and swaps it here when the change is about to arrive; else it leaves the file in peace. */
function ambushForEver(disk: typeof fs, plan: AmbushPlan, random: Random): void {
  const { root, other, outside, hold, files, busy, directories } = plan;
  const one = (names: readonly string[]) => names[random(names.length)]!;
  const away = (name: string) => `${hold}/${name.replaceAll('/', '+')}`;
  const attempt = (act: () => void): boolean => {
    try {
      act();
      return true;
    } catch {
      return false;
    }
  };
  let count = 0;
  let swaps = 0;
  const write = (name: string) => {
    disk.mkdirSync(name.slice(0, name.lastIndexOf('/')), { recursive: true });
    disk.writeFileSync(`${hold}/new`, `version ${count} of ${name}`);
    disk.renameSync(`${hold}/new`, name);
  };
  const chmod = (name: string) => disk.chmodSync(name, [0o777, 0o644, 0o666, 0o640, 0o755][random(5)]!);
  const touch = (name: string) => disk.utimesSync(name, 2_000 + count, 2_000 + count);
  const changes: readonly ((name: string) => void)[] = [
    ...[chmod, chmod, chmod, chmod, touch, touch, write, write],
    (name) => disk.rmSync(name),
    (name) => disk.renameSync(name, `${other}/${one(files)}`),
    (name) => {
      disk.rmSync(name);
      disk.symlinkSync('f0', name);
    },
    () => disk.chmodSync(`${other}/${one(directories)}`, [0o755, 0o777, 0o700][random(3)]!),
    () => disk.rmSync(`${other}/${one(directories)}`, { recursive: true }),
  ];
  const swap = (name: string) => {
    if (!attempt(() => disk.renameSync(`${root}/${name}`, away(name)))) return;
    if (attempt(() => disk.symlinkSync(`${outside}/${name}`, `${root}/${name}`))) swaps++;
    setTimeout(() => {
      if (attempt(() => disk.readlinkSync(`${root}/${name}`))) attempt(() => disk.unlinkSync(`${root}/${name}`));
      attempt(() => disk.renameSync(away(name), `${root}/${name}`));
      setTimeout(() => resting.delete(name), 200);
    }, 1);
  };
  const resting = new Set<string>();
  let over = false;
  process.stdin.on('end', () => {
    over = true;
  });
  process.stdin.resume();
  const step = () => {
    const name = one(random(3) > 0 ? files : busy);
    if (!resting.has(name)) {
      const change = changes[random(changes.length)]!;
      if (!attempt(() => change(`${other}/${name}`)) && !disk.existsSync(`${other}/${name}`)) write(`${other}/${name}`);
      if (files.includes(name)) {
        resting.add(name);
        setTimeout(() => swap(name), random(25));
      }
      if (++count % 20 === 0) console.log(swaps);
    }
    if (!over) setTimeout(step, random(3));
  };
  step();
}
