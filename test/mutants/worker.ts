// A process that runs tests with vitest, again and again, each time with another text in the place of one file. Nothing is
// written into the checkout: vite is given the text when it asks for the file. What hangs is killed by who started us.
import path from 'node:path';
import type { Reporter, TestSpecification, Vitest } from 'vitest/node';
import { createVitest } from 'vitest/node';

/** To the process. */
export interface Job {
  /** The texts that stand in the place of files, by their paths from the checkout. */
  readonly texts: Readonly<Record<string, string>>;
  /** The test files to run, in this order. */
  readonly tests: readonly string[];
}

/** From the process: 'ready' once, then for each job what failed, or null, and how long each test file took. */
export type Answer = 'ready' | { readonly failed: string | null; readonly took: Readonly<Record<string, number>> };

const { checkout, bail, isolate, setup, testTimeout } = JSON.parse(process.argv[2]!) as WorkerOptions;

export interface WorkerOptions {
  readonly checkout: string;
  /** Whether the first failure ends a job. */
  readonly bail: boolean;
  /** Whether each test file has a process of its own. */
  readonly isolate: boolean;
  readonly setup: readonly string[];
  readonly testTimeout: number;
}

let texts = new Map<string, string>();
let failed: string | null = null;
let took: Record<string, number> = {};

const reporter: Reporter = {
  onTestCaseResult(test) {
    if (test.result().state === 'failed') failed ??= `${test.module.relativeModuleId}: ${test.fullName}`;
  },
  onTestModuleEnd(module) {
    if (module.errors().length > 0) failed ??= `${module.relativeModuleId}: ${module.errors()[0]!.message}`;
    took[module.relativeModuleId] = module.diagnostic().duration;
  },
  onTestRunEnd(_, errors) {
    if (errors.length > 0) failed ??= `outside of tests: ${errors[0]!.message}`;
  },
};

class AsGiven {
  sort = (files: TestSpecification[]) => files;
  shard = (files: TestSpecification[]) => files;
}

async function start(): Promise<Vitest> {
  const vitest = await createVitest(
    'test',
    {
      root: checkout,
      watch: false,
      bail: bail ? 1 : 0,
      isolate,
      setupFiles: [...setup],
      testTimeout,
      hookTimeout: testTimeout,
      maxWorkers: 1,
      reporters: [reporter],
      sequence: { sequencer: AsGiven as never },
      onConsoleLog: () => false,
    },
    { plugins: [{ name: 'mutant', enforce: 'pre', load: (id: string) => texts.get(id) ?? null }] },
  );
  await vitest.standalone();
  return vitest;
}

async function work(vitest: Vitest, job: Job): Promise<Answer> {
  const before = [...texts.keys()];
  texts = new Map(Object.entries(job.texts).map(([file, text]) => [path.join(checkout, file), text]));
  for (const file of new Set([...before, ...texts.keys()])) vitest.invalidateFile(file);
  failed = null;
  took = {};
  const project = vitest.getRootProject();
  await vitest.runTestSpecifications(job.tests.map((test) => project.createSpecification(path.join(checkout, test))));
  return { failed, took };
}

const vitest = await start();
process.on('message', async (job: Job) => process.send!(await work(vitest, job)));
process.on('disconnect', () => process.exit());
process.send!('ready' satisfies Answer);
