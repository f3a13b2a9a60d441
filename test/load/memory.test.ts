// What a large pair takes of memory at most, in each server: `npm run test:load`. LOCKSTEP_LOAD_FILES says another number
// of files than 200,000.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PairOfPrograms, type ServerProcess } from '../support/programs.js';

const files = Number(process.env.LOCKSTEP_LOAD_FILES ?? '200000');
const isFull = Number(process.env.LOCKSTEP_LOAD_SECONDS ?? '2') >= 30;
const MOST_MIB = 400;
const FILES_A_DIRECTORY = 100;

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms();
  pair.asProcesses();
});
// Twice as many files are removed: that alone takes minutes.
afterEach(() => pair.close(), 1_200_000);

/** Half of the files are below `half0`, half below `half1`. */
function fill(root: string): void {
  for (let n = 0; n * FILES_A_DIRECTORY < files; n++) {
    const directory = path.join(root, `half${n % 2}`, `project-${n}`);
    fs.mkdirSync(directory, { recursive: true });
    for (let k = 0; k < FILES_A_DIRECTORY; k++) fs.writeFileSync(path.join(directory, `drawing-${k}.txt`), `${n} ${k}`);
  }
}

/** @returns what each server took at most since it was started, MiB. */
function peaks(): { a: number; b: number } {
  const of = (server: unknown) => {
    const status = fs.readFileSync(`/proc/${(server as ServerProcess).pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  };
  return { a: of(pair.serverA), b: of(pair.serverB) };
}

async function inStep(what: string): Promise<void> {
  const { code, stdout, stderr } = await pair.program('flush', '--timeout', '15m');
  expect(code, stdout + stderr).toBe(0);
  const most = peaks();
  console.log(`${files} files, ${what}: ${most.a} MiB at a, ${most.b} MiB at b`);
  expect(most.a).toBeLessThan(MOST_MIB);
  expect(most.b).toBeLessThan(MOST_MIB);
}

async function restart(): Promise<void> {
  await Promise.all([pair.serverA.stop(), pair.serverB.stop()]);
  await pair.startB();
  await pair.startA();
}

test.runIf(isFull).each(['a', 'b'] as const)(
  `${files} files that side %s has, a restart and a rename`,
  {
    timeout: 3_600_000,
  },
  async (side) => {
    fill(pair[side]);
    await pair.startB();
    await pair.startA();
    await inStep('first synchronisation');
    await restart();
    await inStep('restart');
    fs.renameSync(path.join(pair[side], 'half0'), path.join(pair[side], 'moved'));
    await inStep('restart and rename');
    expect(fs.readdirSync(pair.a).sort()).toEqual(['.lockstep', 'half1', 'moved']);
    expect(fs.readdirSync(pair.b).sort()).toEqual(['.lockstep', 'half1', 'moved']);
  },
);
