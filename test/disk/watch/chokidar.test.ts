// What the watcher for other systems tells of single directories.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chokidarWatcher } from '../../../src/disk/watch/chokidar.js';
import type { Watcher } from '../../../src/disk/watch/watcher.js';
import { makeRoot, put, removeRoot } from '../../support/trees.js';

let root: string;
let watcher: Watcher;
let heard: string[];
let wake: () => void;

beforeEach(() => {
  root = makeRoot('chokidar');
  put(root, { one: {}, two: {} });
  heard = [];
  wake = () => {};
  const hear = (word: string) => {
    heard.push(word);
    wake();
  };
  const shown = (dir: string) => path.relative(root, dir);
  watcher = chokidarWatcher(
    {
      changed: (dir, name) => hear(`changed ${shown(dir)} ${name}`),
      doubtful: (dir) => hear(`doubtful ${shown(dir)}`),
      lost: (dir) => hear(`lost ${shown(dir)}`),
      overflowed: () => hear('overflowed'),
      limited: (dir) => hear(`limited ${shown(dir)}`),
    },
    { polling: false },
  );
});
afterEach(async () => {
  await watcher.close();
  removeRoot(root);
});

const inRoot = (...names: string[]) => path.join(root, ...names);

async function until(word: string): Promise<void> {
  while (!heard.includes(word)) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

/** Watches these for sure. */
async function armed(...names: string[]): Promise<void> {
  for (const name of names) expect(watcher.arm(inRoot(name))).toBe('watched');
  for (const name of names) await until(`changed ${name} null`);
  heard = [];
}

test('a directory that is armed is to be scanned once it is certainly watched, and then by name', async () => {
  await armed('one', 'two');
  expect(watcher.arm(inRoot('one'))).toBe('already');
  fs.writeFileSync(inRoot('one', 'new'), 'x');
  await until('changed one new');
  expect(heard.filter((word) => word.includes('two') || word.includes('doubtful'))).toEqual([]);
});

test('a name that is not UTF-8 is somewhere in its directory', async () => {
  await armed('one');
  fs.writeFileSync(Buffer.concat([Buffer.from(inRoot('one', 'bad')), Buffer.from([0xff])]), 'x');
  await until('changed one null');
  expect(heard.filter((word) => word.includes('bad'))).toEqual([]);
});

test('a directory that is removed may be another one from then on', async () => {
  await armed('one');
  fs.rmdirSync(inRoot('one'));
  await until('doubtful one');
});

test('a file that is called as its directory makes that one doubtful, and is told of', async () => {
  await armed('one');
  fs.writeFileSync(inRoot('one', 'one'), 'x');
  await until('changed one one');
  expect(heard).toContain('doubtful one');
});

test('a directory that is disarmed is told of no more, also when it was armed just before', async () => {
  await armed('one');
  expect(watcher.arm(inRoot('two'))).toBe('watched');
  watcher.disarm(inRoot('two'));
  watcher.disarm(inRoot('never'));
  expect(watcher.arm(inRoot('one'))).toBe('already');
  watcher.disarm(inRoot('one'));
  fs.writeFileSync(inRoot('one', 'x'), 'x');
  put(root, { three: {} });
  await armedBeside('three');
  fs.writeFileSync(inRoot('three', 'x'), 'x');
  await until('changed three x');
  expect(heard.filter((word) => !word.includes('three'))).toEqual([]);
});

async function armedBeside(name: string): Promise<void> {
  watcher.arm(inRoot(name));
  await until(`changed ${name} null`);
}

/** The numbers of all files that this process watches (Linux). */
function watchedFiles(): number[] {
  const texts = fs.readdirSync('/proc/self/fdinfo').map((fd) => {
    try {
      return fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
    } catch {
      return ''; // closed meanwhile
    }
  });
  return [...texts.join('').matchAll(/^inotify wd:\S+ ino:(\S+)/gm)].map(([, ino]) => Number.parseInt(ino!, 16));
}

test.runIf(process.platform === 'linux')('the files of a directory take no watches of their own', async () => {
  put(root, { one: { f: 'x', g: 'x' } });
  await armed('one');
  const [one, f, g] = [['one'], ['one', 'f'], ['one', 'g']].map((names) => fs.statSync(inRoot(...names)).ino);
  const watched = watchedFiles();
  expect([one, f, g].map((ino) => watched.includes(ino!))).toEqual([true, false, false]);
});
