// Who is signed in to the page, as it is kept: for its owner alone, and what is damaged is set aside with a word.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PageLogins } from '../../../src/disk/state/page-logins.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let file: string;
const warnings: string[] = [];
beforeEach(() => {
  root = makeRoot('page-logins');
  fs.mkdirSync(path.join(root, '.lockstep'));
  file = path.join(root, '.lockstep', 'page.json');
  warnings.length = 0;
});
afterEach(() => removeRoot(root));

const open = () => new PageLogins(root, (text) => void warnings.push(text));
const LOGIN = { hash: '0'.repeat(64), name: 'anna', role: null, until: 2, used: 1 };
const PAGE: Parameters<PageLogins['write']>[0] = { port: 8082, access: 'this machine', logins: [LOGIN] };

test('what was written is read, and nobody else can read it', () => {
  expect(open().read()).toBeNull();
  open().write(PAGE);
  expect(open().read()).toMatchObject(PAGE);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(warnings).toEqual([]);
});

test.each([
  ['nothing', ''],
  ['a part', '{"version":1,'],
  ['another version', JSON.stringify({ ...PAGE, version: 2 })],
  ['no hash', JSON.stringify({ ...PAGE, version: 1, logins: [{ ...LOGIN, hash: 'x' }] })],
  ['another role', JSON.stringify({ ...PAGE, version: 1, logins: [{ ...LOGIN, role: 'root' }] })],
])('%s is set aside', (_, text) => {
  fs.writeFileSync(file, text);
  expect(open().read()).toBeNull();
  const [warning] = warnings;
  expect(warning).toMatch(/page\.json is damaged and was set aside as .*page\.json\.damaged-/);
  const aside = fs.readdirSync(path.dirname(file)).find((name) => name.startsWith('page.json.damaged-'))!;
  expect(fs.readFileSync(path.join(path.dirname(file), aside), 'utf8')).toBe(text);
});

test('what cannot be written is said, and stops nobody', () => {
  fs.rmdirSync(path.dirname(file));
  open().write(PAGE);
  expect(warnings).toEqual([expect.stringContaining('After a restart the page asks everybody for a new address')]);
});
