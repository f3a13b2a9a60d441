// Owner files that say to programs here who has locked a document on the other side: where they are put, what they never
// replace, and that none is left behind.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import { entryOf } from '../../../src/core/snapshot.js';
import { LocalReplica } from '../../../src/disk/local-replica.js';
import { ShownLocks } from '../../../src/disk/owner-files/shown-locks.js';
import { openRoot } from '../../../src/disk/state/root.js';
import { openStateDirectory } from '../../../src/disk/state/state-directory.js';
import { silent } from '../../../src/log.js';
import { p, stream, turn } from '../../support/disk-site.js';
import { makeRoot, put, readTree, removeRoot, type Tree } from '../../support/trees.js';

const holder = { user: 'ann', host: 'pc', since: Date.parse('2026-12-01T10:00:00Z') };
const lock = (at: string) => ({ path: p(at), holder });
const unlock = (at: string) => ({ path: p(at), holder: null });

function siteOf(tree: Tree) {
  const root = makeRoot('shown');
  const state = makeRoot('shown-state');
  put(root, tree);
  onTestFinished(() => [root, state].forEach(removeRoot));
  const record = path.join(state, 'shown-locks');
  const warnings: string[] = [];
  const log = { ...silent, warn: (text: string) => void warnings.push(text) };
  const opened = openRoot(root);
  const open = (isOn = true) => new ShownLocks({ root: opened, record, isOn, log });
  const names = (dir = '') => fs.readdirSync(path.join(root, dir)).sort();
  const recorded = () =>
    fs
      .readFileSync(record, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { root, state, record, warnings, open, names, recorded, at: (name: string) => path.join(root, name) };
}

describe('a lock of the other side is shown', () => {
  test.each([
    ['x.odt', '.~lock.x.odt#'],
    ['b.kicad_pcb', '~b.kicad_pcb.lck'],
    ['m.3dm', 'm.3dm.rhl'],
  ])('beside %s as %s, which names the holder and is gone with the lock', (document, name) => {
    const { open, names, at, recorded, record } = siteOf({ d: { [document]: '' } });
    const shown = open();
    shown.show([lock(`d/${document}`)], false);
    expect(names('d')).toEqual([document, name].sort());
    expect(fs.readFileSync(at(`d/${name}`), 'utf8')).toContain('ann');
    expect(recorded()).toEqual([`d/${name}`]);
    shown.show([unlock(`d/${document}`)], false);
    expect([names('d'), fs.readFileSync(record, 'utf8')]).toEqual([[document], '']);
  });

  test('beside a text file as a link that leads nowhere', () => {
    const { open, at, names } = siteOf({ 'x.txt': '' });
    const shown = open();
    shown.show([lock('x.txt')], false);
    expect(fs.readlinkSync(at('.#x.txt'))).toBe('ann@pc (Lockstep).0');
    const { ino } = fs.lstatSync(at('.#x.txt'));
    shown.show([lock('x.txt')], false);
    expect(fs.lstatSync(at('.#x.txt')).ino).toBe(ino); // not written again
    shown.clear();
    expect(names()).toEqual(['x.txt']);
  });

  test.each<[it: string, tree: Tree, document: string]>([
    ['a document that is not there', {}, 'x.odt'],
    ['a directory', { 'x.odt': {} }, 'x.odt'],
    ['a link', { 'x.odt': { link: 'y.odt' }, 'y.odt': '' }, 'x.odt'],
    ['a document below a link', { e: { link: 'd' }, d: { 'x.odt': '' } }, 'e/x.odt'],
    ['a document that no program shows', { 'x.png': '' }, 'x.png'],
    ['a name that would be too long', { [`${'x'.repeat(245)}.odt`]: '' }, `${'x'.repeat(245)}.odt`],
  ])('but not beside %s', (_, tree, document) => {
    const { open, root } = siteOf(tree);
    open().show([lock(document)], false);
    expect(readTree(root)).toEqual(tree);
  });

  test('when the document arrives, and not when it is gone', () => {
    const { open, names, root, at } = siteOf({});
    const shown = open();
    shown.show([lock('x.odt')], false);
    put(root, { 'x.odt': '' });
    shown.changed([p('y.odt')]);
    expect(names()).toEqual(['x.odt']);
    shown.changed([p('x.odt')]);
    expect(names()).toEqual(['.~lock.x.odt#', 'x.odt']);
    fs.rmSync(at('x.odt'));
    shown.changed([p('x.odt')]);
    expect(names()).toEqual([]);
  });

  test('anew: others are not shown any more, and the holder can be another one', () => {
    const { open, names, at } = siteOf({ 'x.odt': '', 'y.odt': '' });
    const shown = open();
    shown.show([lock('x.odt'), lock('y.odt')], false);
    shown.show([{ path: p('y.odt'), holder: { ...holder, user: 'bob' } }], true);
    expect(names()).toEqual(['.~lock.y.odt#', 'x.odt', 'y.odt']);
    expect(fs.readFileSync(at('.~lock.y.odt#'), 'utf8')).toContain('bob');
  });

  test('only where it is on', () => {
    const { open, names } = siteOf({ 'x.odt': '' });
    open().show([lock('x.odt')], false);
    const off = open(false);
    expect(names()).toEqual(['x.odt']);
    off.show([lock('x.odt')], true);
    expect(names()).toEqual(['x.odt']);
  });
});

describe('the owner file of a program', () => {
  test('is never replaced nor removed; ours comes when it is gone', () => {
    const { open, root, at } = siteOf({ 'x.odt': '', '.~lock.x.odt#': 'theirs' });
    const shown = open();
    shown.show([lock('x.odt')], false);
    expect(readTree(root)['.~lock.x.odt#']).toBe('theirs');
    fs.rmSync(at('.~lock.x.odt#'));
    shown.retry();
    expect(fs.existsSync(at('.~lock.x.odt#'))).toBe(true);
    shown.clear();
    expect(readTree(root)).toEqual({ 'x.odt': '' });
  });

  test('that has replaced ours stays; ours comes back when it is gone', () => {
    const { open, root, at } = siteOf({ 'x.odt': '' });
    const shown = open();
    shown.show([lock('x.odt')], false);
    put(root, { '.~lock.x.odt#': 'theirs' });
    shown.retry();
    expect(readTree(root)['.~lock.x.odt#']).toBe('theirs');
    fs.rmSync(at('.~lock.x.odt#'));
    shown.retry();
    expect(fs.readFileSync(at('.~lock.x.odt#'), 'utf8')).toContain('(Lockstep)');
    put(root, { '.~lock.x.odt#': 'theirs' });
    shown.show([unlock('x.odt')], false);
    open();
    expect(readTree(root)['.~lock.x.odt#']).toBe('theirs');
  });

  test('that is none, but a directory of its name, is left alone', () => {
    const { open, root } = siteOf({ 'x.odt': '', '.~lock.x.odt#': { y: '' } });
    const shown = open();
    shown.show([lock('x.odt')], false);
    shown.clear();
    expect(readTree(root)).toEqual({ 'x.odt': '', '.~lock.x.odt#': { y: '' } });
  });
});

describe('nothing is left behind', () => {
  test('nothing is written that cannot be recorded', () => {
    const { open, names, state, record, warnings } = siteOf({ 'x.odt': '' });
    const shown = open();
    fs.mkdirSync(record);
    shown.show([lock('x.odt')], false);
    expect(names()).toEqual(['x.odt']);
    expect(warnings.length).toBe(1);
    fs.rmdirSync(record);
    shown.retry();
    expect([names(), fs.readdirSync(state)]).toEqual([['.~lock.x.odt#', 'x.odt'], ['shown-locks']]);
  });

  test('a server that is killed leaves what the next one removes, even if the root was not there meanwhile', () => {
    const { open, names, root, recorded } = siteOf({ 'x.odt': '', 'y.odt': '' });
    open().show([lock('x.odt')], false);
    fs.renameSync(root, `${root}-away`);
    const second = open();
    fs.renameSync(`${root}-away`, root);
    expect(names()).toEqual(['.~lock.x.odt#', 'x.odt', 'y.odt']);
    second.show([lock('y.odt')], false);
    expect([names(), recorded()]).toEqual([['.~lock.y.odt#', 'x.odt', 'y.odt'], ['.~lock.y.odt#']]);
    open();
    expect(names()).toEqual(['x.odt', 'y.odt']);
  });

  test('what is recorded by somebody else removes nothing but ours', () => {
    const { open, root, record } = siteOf({ x: '1', '.~lock.x.odt#': 'theirs', d: {} });
    fs.writeFileSync(record, '"x"\n".~lock.x.odt#"\n"../x"\n"d"\nnonsense\n7\n');
    open();
    expect(readTree(root)).toEqual({ x: '1', '.~lock.x.odt#': 'theirs', d: {} });
  });

  test('what comes with a directory that is copied or renamed is removed, and what is shown stays', () => {
    const { open, names, at } = siteOf({ d: { 'x.odt': '' }, 'y.odt': '' });
    const shown = open();
    shown.show([lock('d/x.odt'), lock('y.odt')], false);
    fs.cpSync(at('d'), at('e'), { recursive: true });
    shown.found(['d/.~lock.x.odt#', 'e/.~lock.x.odt#', '.~lock.y.odt#'] as RelPath[]);
    expect([names('d'), names('e')]).toEqual([['.~lock.x.odt#', 'x.odt'], ['x.odt']]);
    fs.renameSync(at('d'), at('f'));
    shown.show([unlock('d/x.odt'), { path: p('f/x.odt'), holder: { ...holder, user: 'bob' } }], false);
    expect(fs.readFileSync(at('f/.~lock.x.odt#'), 'utf8')).toContain('bob');
    shown.clear();
    expect([names('f'), names()]).toEqual([['x.odt'], ['e', 'f', 'y.odt']]);
  });
});

describe('a replica', () => {
  async function open(tree: Tree) {
    const root = makeRoot('shown-replica');
    put(root, tree);
    const opened = openRoot(root);
    const state = openStateDirectory(opened.path, silent);
    const replica = new LocalReplica({ root: opened, state, ignore: [], log: silent });
    let isClosed = false;
    const close = async () => {
      if (isClosed) return;
      isClosed = true;
      await replica.close();
      state.release();
    };
    onTestFinished(async () => {
      await close();
      removeRoot(root);
    });
    while ((await replica.scan('everything')).unsettled > 0) await turn();
    return { root, replica, close };
  }

  test('removes a directory whose last document was locked', async () => {
    const { root, replica } = await open({ d: { 'x.odt': '1' }, 'y.odt': '1' });
    await replica.showLocks([lock('d/x.odt'), lock('y.odt')], true);
    const changes = ['d/x.odt', 'd'].map((at) => {
      const before = entryOf(replica.scanner.snapshot.get(p(at)));
      return { path: p(at), action: 'deleted' as const, before, after: null };
    });
    const outcomes = [];
    for await (const { outcome } of replica.apply(changes, stream([]))) outcomes.push(outcome.kind);
    expect(outcomes).toEqual(['done', 'done']);
    expect(Object.keys(readTree(root)).sort()).toEqual(['.~lock.y.odt#', 'y.odt']);
  });

  test('removes a stray owner file that it notices, and all when it is closed', async () => {
    const { root, replica, close } = await open({ d: { 'x.odt': '' } });
    await replica.showLocks([lock('d/x.odt')], true);
    fs.cpSync(path.join(root, 'd'), path.join(root, 'e'), { recursive: true });
    await replica.scan('everything');
    while (fs.existsSync(path.join(root, 'e/.~lock.x.odt#'))) await turn();
    await close();
    expect(readTree(root)).toEqual({ d: { 'x.odt': '' }, e: { 'x.odt': '' } });
  });
});
