// Runs the tests on another Node: `npm run test:node -- 22`, with whatever else vitest is to be told behind it. The
// registry's package `node` brings the program; it stays in node_modules/.cache and is asked for once.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [wanted = '', ...rest] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(wanted)) end(2, 'Say which Node is to run the tests, for example: npm run test:node -- 22');

const cache = path.resolve(import.meta.dirname, `../node_modules/.cache/node-${wanted}`);
const programs = path.join(cache, 'node_modules/node/bin');
const version = versionIn(programs) ?? install();
console.log(`The tests run on Node ${version}.`);
const env = { ...process.env, PATH: `${programs}${path.delimiter}${process.env.PATH}` };
const vitest = path.resolve(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
const { status } = spawnSync(path.join(programs, 'node'), [vitest, 'run', ...rest], { stdio: 'inherit', env });
process.exitCode = status ?? 1;

/** @returns the version of the Node in `directory`, null where there is none that runs. */
function versionIn(directory) {
  const { status, stdout } = spawnSync(path.join(directory, 'node'), ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

function install() {
  console.log(`Node ${wanted} is fetched from the registry, once.`);
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, 'package.json'), '{ "private": true }\n');
  const options = ['--prefix', cache, '--no-audit', '--no-fund', '--no-package-lock', '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error'];
  const npm = spawnSync('npm', ['install', ...options, `node@${wanted}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const installed = npm.status === 0 ? versionIn(programs) : null;
  if (installed === null) {
    rmSync(cache, { recursive: true, force: true });
    const said = npm.error?.message ?? npm.stderr.trim();
    const first = said.split('\n').slice(0, 4).join('\n');
    end(1, `Node ${wanted} cannot be had, so nothing was tested on it. ${reason(said)}\n${first}`);
  }
  return installed;
}

function reason(said) {
  if (/ETARGET|E404/.test(said)) return 'The registry has no such version: https://nodejs.org/en/about/previous-releases names them.';
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.test(said))
    return 'The registry cannot be reached: see to the network, then try again.';
  return 'npm could not install it; it said:';
}

function end(code, message) {
  console.error(message);
  process.exit(code);
}
