// Where links lead, by their text and through the other links in the root.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Entry } from '../../../src/core/entry.js';
import { Snapshot } from '../../../src/core/snapshot.js';
import { LinkGate, LinkTargets } from '../../../src/disk/fs/link-target.js';
import { DiskSite, dir, link, p } from '../../support/disk-site.js';
import { Watched } from '../../support/trees/watched.js';
import { makeRoot, put, removeRoot, type Tree } from '../../support/trees.js';

const long = Object.fromEntries(
  Array.from({ length: 50 }, (_, n) => [`n${n}`, { link: n === 49 ? 'f' : `n${n + 1}` }]),
);
const TREE: Tree = {
  f: 'x',
  d: { e: { up: { link: '..' }, deep: {} }, back: { link: '../k/m' }, far: { link: '/etc' } },
  k: { m: { p: { link: '..' } } },
  round: { link: 'trip' },
  trip: { link: 'round' },
  grow: { link: 'grow/x' },
  state: {},
  long,
};

describe('a link', () => {
  const root = () => {
    const made = makeRoot('links');
    onTestFinished(() => removeRoot(made));
    put(made, TREE);
    return made;
  };

  test.each([
    ['l', 'f'],
    ['l', './d//e/./deep/'],
    ['l', 'nowhere/at/all'],
    ['l', 'nowhere/../f'],
    ['l', 'd/e/../../f'],
    ['l', 'd/e/up/../k'],
    ['l', 'd/back/p/m/p'],
    ['d/e/l', '../../f'],
    ['d/e/l', 'up/../k/m/p/m'],
    ['l', 'f/../d'],
    ['l', 'long/n20'],
    ['l', '.'],
    ['l', 'round'],
    ['l', 'l'],
    ['d/l', '..'],
    ['l', '..f/...'],
  ])('at %s to %j leads inside', (at, target) => {
    expect(new LinkTargets(root()).faultOf(p(at), target)).toBeNull();
  });

  test.each([
    ['l', '/etc/passwd', /is absolute/],
    ['l', '..', /leaves the root/],
    ['l', 'd/../../f', /leaves the root/],
    ['d/l', '../../f', /leaves the root/],
    ['l', '..\\..\\f', /leaves the root/],
    ['l', '\\etc', /is absolute/],
    ['comp', 'k/m/p/../..', /through another link/],
    ['l', 'd/e/up/../..', /through another link/],
    ['l', 'd/back/p/../..', /through another link/],
    ['l', 'd/e/up/e/up/../..', /through another link/],
    ['l', 'd/far', /leads to "\/etc" through another link/],
    ['l', 'd/far/passwd', /leads to "\/etc"/],
    ['l', 'grow', /more than 40 links/],
    ['l', 'long/n0', /more than 40 links/],
    ['l', '.lockstep/versions', /in \.lockstep/],
    ['d/l', 'e/../../.lockstep', /in \.lockstep/],
  ])('at %s to %j does not', (at, target, fault) => {
    expect(new LinkTargets(root()).faultOf(p(at), target)).toMatch(fault);
  });
});

const found = (message: RegExp) =>
  expect.objectContaining({ kind: 'problem', code: 'bad-link', message: expect.stringMatching(message) });

describe('SCENARIO 30: a link that leads outside is refused before it is created', () => {
  test.each<[string, Record<string, Entry>, string]>([
    ['absolute', { l2: link('/etc') }, 'l2'],
    ['by its spelling', { 'd/l': link('../../x') }, 'd/l'],
    ['through another link', { 'k/m/p': link('..'), comp: link('k/m/p/../..') }, 'comp'],
    ['through a link that comes after it', { comp: link('k/m/p/../..'), 'k/m/p': link('..') }, 'k/m/p'],
    ['through one that takes the place of a directory', { comp: link('k/q/../..'), 'k/q': link('..') }, 'k/q'],
    ['to what is ours', { l: link('.lockstep/held') }, 'l'],
  ])('%s', async (_, links, refused) => {
    const context = await DiskSite.open({ d: {}, k: { m: {}, q: {} } });
    const names = Object.keys(links);
    const outcomes = await context.outcomes(names.map((name) => context.change(name, links[name]!)));
    expect(outcomes).toEqual(names.map((name) => (name === refused ? found(/not put there/) : expect.anything())));
    expect(fs.lstatSync(context.at(refused), { throwIfNoEntry: false })?.isSymbolicLink() ?? false).toBe(false);
    for (const name of names.filter((other) => other !== refused))
      expect(fs.lstatSync(context.at(name)).isSymbolicLink()).toBe(true);
  });

  test('in place of a file: the file stays', async () => {
    const context = await DiskSite.open({ f: 'old', l: { link: 'f' } });
    const outcomes = await context.outcomes([context.change('f', link('/etc')), context.change('l', link('../x'))]);
    expect(outcomes).toEqual([found(/absolute/), found(/leaves the root/)]);
    expect(context.tree()).toEqual({ f: 'old', l: { link: 'f' } });
    expect([context.kept(), context.staged()]).toEqual([{}, []]);
  });

  test('by a rename of the link, or of a directory above it', async () => {
    const context = await DiskSite.open({
      d: { e: { l: { link: '../../f' }, good: { link: '.' } }, l: { link: '../f' } },
    });
    const moves = [context.move('d/l', 'l'), context.move('d/e', 'e')];
    expect(await context.outcomes(moves)).toEqual([found(/leaves the root/), found(/leaves the root/)]);
    expect(context.tree()).toEqual({
      d: { e: { l: { link: '../../f' }, good: { link: '.' } }, l: { link: '../f' } },
    });
  });

  test('but one that leads inside is renamed with its directory', async () => {
    const context = await DiskSite.open({ d: { e: { l: { link: '../f' } }, f: 'x' }, k: {} });
    expect(
      await context.kinds([context.change('k/e', dir()), context.move('d/e/l', 'k/e/l'), context.move('d/e', 'k/n')]),
    ).toBe('done done done');
    expect(context.tree()).toMatchObject({ k: { e: { l: { link: '../f' } }, n: {} } });
  });
});

test('SCENARIO 30: a link is a problem while another link redirects it to the outside', async () => {
  const root = makeRoot('links');
  onTestFinished(() => removeRoot(root));
  put(root, { k: { m: {} }, comp: { link: 'k/m/p/../..' } });
  const watched = new Watched(root);
  onTestFinished(() => watched.scanner.close());
  await watched.scan();
  expect([watched.last.problems, watched.known()]).toEqual([[], expect.objectContaining({ comp: 'link k/m/p/../..' })]);
  fs.symlinkSync('..', path.join(root, 'k/m/p'));
  await watched.until(() => watched.told.some(([at]) => at === 'k/m/p'));
  const scan = await watched.scan('everything');
  expect(scan.problems).toEqual([expect.objectContaining({ path: 'comp', code: 'bad-link' })]);
  expect(scan.unknown).toEqual(['comp']);
  fs.unlinkSync(path.join(root, 'k/m/p'));
  await watched.until(() => watched.known()['k/m/p'] === undefined);
  expect((await watched.scan('everything')).problems).toEqual([]);
});

describe('the gate for links', () => {
  /** A gate to a new root, in which these links are. */
  const gate = (links: Record<string, string>) => {
    const root = makeRoot('gate');
    onTestFinished(() => removeRoot(root));
    put(root, {
      f: 'x',
      d: { e: {} },
      ...Object.fromEntries(Object.entries(links).map(([at, to]) => [at, { link: to }])),
    });
    const snapshot = new Snapshot();
    for (const [at, target] of Object.entries(links)) snapshot.put(p(at), link(target));
    return new LinkGate(root, snapshot);
  };
  const admit = (links: Record<string, string>, ...planned: [at: string, target: string][]) =>
    gate(links).admit(new Map(planned.map(([at, target]) => [p(at), target])));

  test('lets a link pass beside one whose way goes up and stays inside', () => {
    expect(() => admit({ l: 'd/../f' }, ['new', 'f'])).not.toThrow();
    expect(() => admit({ l: 'd/e/../..' }, ['new', 'f'])).not.toThrow();
  });

  test('asks nothing where no link is planned, though another one leads out', () => {
    expect(() => admit({ l: 'd/../..' })).not.toThrow();
  });

  test('lets no link pass that leads out, or leads another one out', () => {
    expect(() => admit({}, ['new', '..'])).toThrow(/"new" is not put there: /);
    expect(() => admit({ l: 'n/../f' }, ['n', 'd'])).not.toThrow();
    expect(() => admit({ l: 'n/../../f' }, ['n', '.'])).toThrow(/it would lead "l" out of the root/);
  });

  test('replaces a link that leads out by one that does not', () => {
    expect(() => admit({ l: 'd/../..' }, ['l', 'd/../f'])).not.toThrow();
  });

  test('knows the links that it let pass', () => {
    const one = gate({});
    one.admit(new Map([[p('first'), 'd/e/../..']]));
    one.admit(new Map([[p('l'), 'n/../f']]));
    expect(() => one.admit(new Map([[p('n'), 'd']]))).not.toThrow();
  });
});
