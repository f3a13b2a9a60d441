// A look at a state directory: it tells what a start would find, and leaves every byte as it is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectState } from '../../../src/disk/state/inspect.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';

/** In the directory of the run, which is removed at its end. */
const temporaryDirectory = () => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-doctor-')));

const inside = (root: string, name: string) => path.join(root, '.lockstep', name);

/** A root whose server has ended, with one journal. */
async function stateOf(): Promise<string> {
  const root = fs.realpathSync(temporaryDirectory());
  const state = openStateDirectory(root);
  const { store } = state.files.openStore(inside(root, 'locks.log'), { t: { load: () => {}, all: () => [] } });
  store.put('t', 'key', { value: 1 });
  await store.durable();
  await store.close();
  state.release();
  return root;
}

const contentsOf = (root: string) =>
  fs
    .readdirSync(path.join(root, '.lockstep'))
    .map((name) => [name, fs.lstatSync(inside(root, name)).mtimeMs, textOf(inside(root, name))]);
const textOf = (file: string) => (fs.lstatSync(file).isFile() ? fs.readFileSync(file, 'latin1') : '');

describe('a look at a state directory', () => {
  it('finds none, or one that is whole', async () => {
    expect(inspectState(temporaryDirectory())).toBeNull();
    expect(inspectState(await stateOf())).toMatchObject({ mode: 0o700, occupant: null, damage: [], setAside: [] });
  });

  it.each<[string, (root: string) => void, RegExp]>([
    ['a journal that is empty', (root) => fs.truncateSync(inside(root, 'locks.log')), /locks\.log is empty/],
    ['a journal that is cut', (root) => fs.truncateSync(inside(root, 'locks.log'), 30), /locks\.log is cut short/],
    ['a journal that is gone', (root) => fs.rmSync(inside(root, 'locks.log')), /locks\.log is missing/],
    [
      'an identity of others',
      (root) => fs.writeFileSync(inside(root, 'identity.json'), '{}'),
      /identity\.json is of another/,
    ],
    ['an identity that is gone', (root) => fs.rmSync(inside(root, 'identity.json')), /identity\.json is missing/],
    ['watermarks that are gone', (root) => fs.rmSync(inside(root, 'watermarks')), /watermarks is missing/],
  ])('finds %s, and writes nothing', async (_, damage, words) => {
    const root = await stateOf();
    damage(root);
    const before = contentsOf(root);
    expect(inspectState(root)!.damage).toEqual([expect.stringMatching(words)]);
    expect(contentsOf(root)).toEqual(before);
  });

  it('names who has it, and who had it', async () => {
    const root = await stateOf();
    const state = openStateDirectory(root);
    expect(inspectState(root)!.occupant).toMatchObject({ pid: process.pid, isAlive: true });
    state.release();
    const dead = { pid: 2 ** 22 + 1, host: os.hostname(), started: '1', boot: '' };
    fs.writeFileSync(inside(root, 'server.json'), JSON.stringify(dead));
    expect(inspectState(root)!.occupant).toMatchObject({ pid: dead.pid, isAlive: false });
  });
});
