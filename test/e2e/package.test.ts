// The tarball of `npm run package`, installed by npm without a network into a prefix where nothing is.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packed } from '../support/packed.js';
import { textOf } from '../support/programs.js';
import { full } from '../support/sizes.js';

/** What a person waits for: from the line to `ready`, both servers started. */
const READY_MS = 5_000;
/** Other tests run meanwhile: the best of so many times counts. */
const TRIES = 5;

const title = full ? 'the tarball' : 'the tarball (skipped: only in the long form)';
describe.skipIf(!full)(title, { timeout: 300_000 }, () => {
  let directory: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-package-test-'));
    const { tarball, directory: made } = await packed();
    const own = Object.entries(process.env).filter(([name]) => !/^(?:LOCKSTEP|XDG|npm)_/.test(name));
    const bin = path.join(directory, '.local', 'bin');
    env = { ...Object.fromEntries(own), HOME: directory, PATH: `${bin}:${process.env.PATH}`, NO_COLOR: '1' };
    await ran('npm', 'config', 'set', 'prefix', path.join(directory, '.local'));
    await ran('npm', 'install', '-g', '--offline', '--no-audit', '--no-fund', tarball);
    fs.rmSync(made, { recursive: true });
  }, 600_000);

  afterAll(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));

  const ran = async (program: string, ...args: string[]) =>
    (await promisify(execFile)(program, args, { env, cwd: directory })).stdout;

  /** Runs `lockstep up` until it is ready, and stops it. @returns how long that took, in milliseconds. */
  async function readyAfter(...words: string[]): Promise<number> {
    const begun = performance.now();
    const child = spawn('lockstep', ['up', ...words], { env, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const ready = new Promise<number>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (/^ready /m.test(said)) resolve(performance.now() - begun);
        });
      child.once('close', () => reject(new Error(said)));
    });
    const took = await ready;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
    return took;
  }

  it('has the three programs, the manual, and no other program', async () => {
    const names = fs.readdirSync(path.join(directory, '.local', 'bin')).sort();
    expect(names).toEqual(['lockstep', 'lockstep-server-a', 'lockstep-server-b']);
    for (const name of names) expect(await ran(name, '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    const manual = path.join(directory, '.local', 'share', 'man', 'man1');
    expect(fs.readdirSync(manual)).toEqual(expect.arrayContaining(['lockstep.1', 'lockstep-up.1']));
  });

  it(`keeps two directories of one's own after one line, in under ${READY_MS / 1000} seconds`, async () => {
    const times: number[] = [];
    for (let n = 0; n < TRIES && !(Math.min(...times) < READY_MS); n++) {
      const [a, b] = [`art-${n}`, `copy-${n}`];
      fs.mkdirSync(path.join(directory, a));
      for (let file = 0; file < 20; file++) fs.writeFileSync(path.join(directory, a, `${file}.txt`), `file ${file}`);
      times.push(await readyAfter(a, b, '--create'));
      expect(textOf(path.join(directory, b), '19.txt')).toBe('file 19');
    }
    expect(Math.min(...times), `${times.map(Math.round).join(', ')} ms`).toBeLessThan(READY_MS);
  });
});
