// The package as people get it: what `npm run package` makes of the built checkout.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { project } from './programs.js';

/** @returns the tarball, in a temporary directory that whoever asks has to remove. */
export async function packed(): Promise<{ readonly tarball: string; readonly directory: string }> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-packed-'));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  const script = path.join('scripts', 'package.mjs');
  await promisify(execFile)(process.execPath, [script, directory], { cwd: project, env, maxBuffer: 1 << 26 });
  const name = fs.readdirSync(directory).find((name) => name.endsWith('.tgz'));
  return { tarball: path.join(directory, name!), directory };
}
