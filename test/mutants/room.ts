// A room of the house: its files with their mutants, its own tests, and which of these can notice a mutant.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Imports } from './imports.js';
import { markAt, marked } from './marks.js';
import { applied, type Mutation } from './mutation.js';
import { mutationsOf } from './operators.js';
import type { Runner } from './runner.js';

/** One run of all tests takes a minute or three; on a machine that does much else it takes much longer. */
const LEARNING_MS = 3_600_000;

export class Room {
  readonly files: readonly string[];
  readonly tests: readonly string[];
  readonly setup: string;
  readonly #marks: string;
  readonly #texts = new Map<string, string>();
  /** For each test, the marks that it came through. */
  readonly #seen = new Map<string, ReadonlySet<string>>();
  readonly #took = new Map<string, number>();
  readonly #reach: ReadonlyMap<string, ReadonlyMap<string, number>>;

  constructor(
    readonly checkout: string,
    readonly name: string,
    also: readonly string[] = [],
  ) {
    this.files = filesBelow(checkout, `src/${name}`, '.ts');
    this.tests = [`test/${name}`, ...also].flatMap((directory) => filesBelow(checkout, directory, '.test.ts'));
    this.setup = path.join(checkout, 'test/mutants/marks-setup.ts');
    this.#marks = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-mutants-')), 'marks');
    const imports = new Imports(checkout);
    this.#reach = new Map(this.tests.map((test) => [test, imports.reach(test)]));
  }

  /** What the worker that learns needs to know. */
  get env(): Record<string, string> {
    return { LOCKSTEP_MUTANTS_MARKS: this.#marks };
  }

  mutations(): Mutation[] {
    return this.files.flatMap((file) => mutationsOf(file, this.textOf(file)));
  }

  textOf(file: string): string {
    const known = this.#texts.get(file) ?? fs.readFileSync(path.join(this.checkout, file), 'utf8');
    this.#texts.set(file, known);
    return known;
  }

  mutated(mutation: Mutation): string {
    return applied(mutation, this.textOf(mutation.file));
  }

  /** Runs all tests once, with marks and without a mutant. @returns what failed, or null. */
  async learn(runner: Runner): Promise<string | null> {
    const texts = Object.fromEntries(this.files.map((file) => [file, marked(file, this.textOf(file))]));
    const outcome = await runner.run({ texts, tests: this.tests }, LEARNING_MS);
    runner.close();
    if (outcome === 'hangs') return 'they take more than an hour';
    for (const [test, ms] of Object.entries(outcome.took)) this.#took.set(test, ms);
    for (const line of fs.readFileSync(this.#marks, 'utf8').split('\n').slice(0, -1)) {
      const { test, marks } = JSON.parse(line) as { test: string; marks: string[] };
      this.#seen.set(path.relative(this.checkout, test).split(path.sep).join('/'), new Set(marks));
    }
    fs.rmSync(path.dirname(this.#marks), { recursive: true });
    return outcome.failed;
  }

  /** @returns the tests that come through the place of a mutant: the nearest first, of these the quickest. */
  testsOf(mutation: Mutation): string[] {
    const mark = markAt(mutation.file, this.textOf(mutation.file), mutation);
    const steps = (test: string) => this.#reach.get(test)!.get(mutation.file) ?? Number.POSITIVE_INFINITY;
    return this.tests
      .filter((test) => (mark === null ? steps(test) < Number.POSITIVE_INFINITY : this.#seen.get(test)?.has(mark)))
      .sort((x, y) => steps(x) - steps(y) || this.#msOf(x) - this.#msOf(y));
  }

  get allMs(): number {
    return this.tests.reduce((sum, test) => sum + this.#msOf(test), 0);
  }

  /** A test that takes much longer than any does without a mutant waits for what never comes. */
  get testTimeout(): number {
    return 10_000;
  }

  limitMs(tests: readonly string[]): number {
    return 30_000 + 5 * tests.reduce((sum, test) => sum + this.#msOf(test), 0);
  }

  #msOf(test: string): number {
    return this.#took.get(test) ?? 0;
  }
}

function filesBelow(checkout: string, directory: string, ending: string): string[] {
  const names = fs.readdirSync(path.join(checkout, directory), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => path.posix.join(directory, name.split(path.sep).join('/')))
    .sort();
}
