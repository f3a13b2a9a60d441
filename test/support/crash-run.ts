// Two people work, servers are killed at random, and afterwards everything is asked for: equal trees, no half file ever,
// nothing lost, nothing that nobody wrote.
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { chance, Editor, versionOf } from './crash-editor.js';
import { PairOfPrograms, treeOf } from './programs.js';

export interface CrashRun {
  readonly seed: number;
  readonly kills: number;
  /** Everything is brought to rest and checked after this many kills. */
  readonly checkEvery: number;
}

/** What a run did. */
export interface CrashFigures {
  acts: number;
  kills: number;
  reads: number;
  checks: number;
  /** Earlier contents that were there again at the last check. */
  again: number;
}

export async function crashRun({ seed, kills, checkEvery }: CrashRun): Promise<CrashFigures> {
  const random = chance(seed);
  const pair = new PairOfPrograms();
  const outside = (side: string) => path.join(pair.directory, `outside-${side}`);
  const editors = [
    new Editor('a', pair.a, 'ofA', outside('a'), chance(seed + 1)),
    new Editor('b', pair.b, 'ofB', outside('b'), chance(seed + 2)),
  ];
  const figures: CrashFigures = { acts: 0, kills: 0, reads: 0, checks: 0, again: 0 };
  const reader = new Reader([path.join(pair.b, 'ofA'), path.join(pair.a, 'ofB')], figures);
  try {
    await pair.start();
    const reading = reader.run();
    while (figures.kills < kills) {
      await workFor(random(400), () => {
        editors[random(2)]!.act();
        figures.acts++;
      });
      noHalt(pair, `seed ${seed}, after ${figures.kills} kills`);
      await crashSome(pair, random(3));
      figures.kills++;
      if (figures.kills % checkEvery === 0 || figures.kills === kills) {
        await rest(pair, `seed ${seed}, after ${figures.kills} kills`);
        figures.again = check(pair, editors, `seed ${seed}, after ${figures.kills} kills`);
        figures.checks++;
      }
      if (reader.fault !== null) throw new Error(`seed ${seed}: ${reader.fault}`);
    }
    reader.stop();
    await reading;
    return figures;
  } finally {
    reader.stop();
    if (process.env.LOCKSTEP_TEST_KEEP === undefined) await pair.close();
    else await Promise.all([pair.serverA.crash(), pair.serverB.crash()]);
  }
}

/** Brings the pair to rest; where it does not come to rest, everything that helps to find out why is said. */
async function rest(pair: PairOfPrograms, when: string): Promise<void> {
  noHalt(pair, when);
  const { code, stdout } = await pair.client('--json', 'flush', '--timeout', '60s');
  if (code === 0) return;
  const status = await pair.client('--json', 'status');
  const last = pair.serverA.said.slice(-30).map((said) => JSON.stringify(said));
  throw new Error(
    `${when}: ${stdout}${status.stdout}\n${last.join('\n')}\n${pair.serverA.stderr}${pair.serverB.stderr}`,
  );
}

/** A killed server is no older state of itself, and what it was about to do is no loss. */
function noHalt(pair: PairOfPrograms, when: string): void {
  const halt = pair.serverA.said.find(({ event }) => event === 'halted');
  if (halt !== undefined) throw new Error(`${when}: ${JSON.stringify(halt)}`);
}

/** Acts for `ms`, letting the servers' words and the reader in between. */
async function workFor(ms: number, act: () => void): Promise<void> {
  const end = performance.now() + ms;
  do {
    act();
    await new Promise((resolve) => setTimeout(resolve, 1));
  } while (performance.now() < end);
}

/** Kills one server, the other, or both, and starts again what was killed. */
async function crashSome(pair: PairOfPrograms, which: number): Promise<void> {
  if (which !== 0) await pair.serverB.crash();
  if (which !== 1) await pair.serverA.crash();
  if (which !== 0) await pair.startB();
  if (which !== 1) await pair.startA();
}

/** Reads what only the other person writes: on this side it comes by synchronisation alone, and must always be whole. */
class Reader {
  readonly #directories: readonly string[];
  readonly #figures: CrashFigures;

  fault: string | null = null;
  #over = false;

  constructor(directories: readonly string[], figures: CrashFigures) {
    this.#directories = directories;
    this.#figures = figures;
  }

  stop(): void {
    this.#over = true;
  }

  async run(): Promise<void> {
    while (!this.#over && this.fault === null) {
      for (const directory of this.#directories) {
        for (const file of filesIn(directory)) {
          this.#scan(file);
          await new Promise((resolve) => setImmediate(resolve));
          if (this.#over) return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #scan(file: string): void {
    if (!/\.(txt|bin)$/.test(file)) return;
    let text: string;
    try {
      text = fs.readFileSync(file, 'utf8');
    } catch {
      return;
    }
    this.#figures.reads++;
    if (versionOf(text) === null) {
      this.fault ??= `${file} is half: ${text.length} characters, ${JSON.stringify(text.slice(0, 60))}`;
    }
  }
}

/**
 * What one person alone has in hand stands as it was left. One thing only may differ after a kill: where a file had just
 * come to the other side and the record of it was lost with the server, a deletion or an edit of it a moment later meets
 * a file of which nobody knows; so an earlier content may be there again, or one stand beside as a conflict copy.
 */
function checkHome(root: string, editor: Editor, everywhere: ReadonlySet<string | null>, when: string): number {
  const home = path.join(root, editor.home);
  const left = new Map(editor.model);
  const extra: [string, string | null][] = [];
  for (const file of filesIn(home)) {
    const name = path.relative(home, file);
    if (name.startsWith('repo/')) continue;
    const version = versionOf(fs.readFileSync(file, 'utf8'));
    if (left.get(name) === version) left.delete(name);
    else extra.push([name.replace(/ \(conflict [AB] [^)]*\)/, ''), version]);
  }
  for (const [name, version] of extra) {
    expect(editor.history.get(name)?.has(version ?? ''), `${when}: ${version} at ${name} of ${editor.home}`).toBe(true);
  }
  const lost = [...left].filter(([, version]) => !everywhere.has(version));
  expect(lost, `${when}: missing from ${editor.home}`).toEqual([]);
  return extra.length;
}

function check(pair: PairOfPrograms, editors: readonly Editor[], when: string): number {
  let extra = 0;
  const everywhere = new Set<string | null>();
  for (const root of [pair.a, pair.b]) {
    for (const file of filesIn(root)) everywhere.add(versionOf(fs.readFileSync(file, 'utf8')));
  }
  expect(treeOf(pair.a), when).toEqual(treeOf(pair.b));
  for (const [editor, root] of [
    [editors[0]!, pair.a],
    [editors[1]!, pair.b],
  ] as const) {
    extra += checkHome(root, editor, everywhere, when);
    const git = [pair.a, pair.b].map((side) => Editor.strayIn(side, editor.home));
    expect(git[0], `${when}: git`).toEqual(git[1]);
    expect(
      git[0]!.filter((line) => !line.startsWith('?? ')),
      `${when}: git`,
    ).toEqual([]);
    extra += git[0]!.length;
  }
  for (const { shared } of editors) {
    for (const [name, version] of shared) expect(everywhere.has(version), `${when}: ${version} of ${name}`).toBe(true);
  }
  return extra;
}

function filesIn(directory: string): string[] {
  const files: string[] = [];
  const walk = (at: string) => {
    let dirents: fs.Dirent[] = [];
    try {
      dirents = fs.readdirSync(at, { withFileTypes: true });
    } catch {
      return; // it went while it was read
    }
    for (const dirent of dirents) {
      if (dirent.name === '.git') continue;
      const below = path.join(at, dirent.name);
      if (dirent.isDirectory()) walk(below);
      else if (dirent.isFile()) files.push(below);
    }
  };
  walk(directory);
  return files;
}
