// Which documents are open, from owner files on a real disk: what is told and when, and what opens nothing. Times are
// made short, or so long that they never end; a test goes on when something is told.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RelPath } from '../../../src/core/path.js';
import type { Machine } from '../../../src/disk/owner-files/machine.js';
import { OpenDocumentWatch } from '../../../src/disk/owner-files/open-documents.js';
import { openRoot } from '../../../src/disk/state/root.js';
import type { OpenDocuments } from '../../../src/replica.js';
import { makeRoot, put, removeRoot, type Tree } from '../../support/trees.js';

const NEVER = 1e9;
const QUICK = { goneMs: 1, savedMs: NEVER, checkMs: 5, writingMs: 1 };
const libre = (user = 'Ann', host = 'here') => `${user},ann,${host},01.12.2026 00:30,file:///p;`;

/** The first bytes of a swap file of Vim, of process 7 at `host`. */
function swap(document: string, host = 'here'): Buffer {
  const bytes = Buffer.alloc(1024);
  bytes.write('b0VIM 9.0');
  bytes.writeInt32LE(7, 24);
  bytes.write('ann', 28);
  bytes.write(host, 68);
  bytes.write(`/somewhere/${document}`, 108);
  return bytes;
}

/** A machine on which all processes run that a test does not end. */
class FakeMachine implements Machine {
  readonly host = 'here';
  readonly user = 'server';
  boot = 0;
  readonly dead = new Set<number>();
  offices: number[] = [];
  asked = 0;
  readonly bootMs = () => this.boot;
  readonly isAlive = (pid: number) => !this.dead.has(pid);
  /** Which process has which file open, as `pid path`. */
  readonly openers = new Set<string>();
  readonly hasOpen = (pid: number, absolute: string) => this.openers.has(`${pid} ${absolute}`);
  readonly processesOf = async (app: string) => {
    this.asked++;
    return app === 'LibreOffice' ? [...this.offices] : [];
  };
}

/** A watch of a root with `tree` in it; it has told nothing yet. */
class Site {
  readonly machine = new FakeMachine();
  readonly root = makeRoot('open');
  readonly told: OpenDocuments[] = [];
  hints = 0;
  readonly watch: OpenDocumentWatch;
  #wake: () => void = () => {};

  constructor(tree: Tree, times: Partial<typeof QUICK> = {}) {
    put(this.root, tree);
    this.watch = new OpenDocumentWatch({
      root: openRoot(this.root),
      onChange: (open) => {
        this.told.push(open);
        this.#wake();
      },
      onProblems: () => {
        this.hints++;
        this.#wake();
      },
      machine: this.machine,
      times: { ...QUICK, ...times },
    });
    onTestFinished(async () => {
      await this.watch.close();
      removeRoot(this.root);
    });
  }

  /** The root was scanned, and what is in its directories is known. */
  static async scanned(tree: Tree, times: Partial<typeof QUICK> = {}): Promise<Site> {
    const site = new Site(tree, times);
    site.scan('');
    await site.until(() => site.told.length > 0);
    return site;
  }

  scan(...dirs: string[]): void {
    for (const dir of dirs) this.watch.noticed(dir as RelPath);
    this.watch.scanned();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** Waits until exactly `documents` are open: `x.odt LibreOffice Ann`, sorted. */
  async opens(...documents: string[]): Promise<void> {
    await this.until(() => JSON.stringify(this.open) === JSON.stringify(documents));
  }

  /** Waits for exactly these problems: `code path`, sorted. */
  async finds(...problems: string[]): Promise<void> {
    await this.until(() => JSON.stringify(this.problems) === JSON.stringify(problems));
  }

  get open(): string[] {
    const documents = this.told.at(-1)?.documents ?? [];
    return documents.map(({ path: at, app, owner }) => `${at} ${app} ${owner}`).sort();
  }

  get problems(): string[] {
    return this.watch
      .problems()
      .map(({ code, path: at }) => `${code} ${at}`)
      .sort();
  }

  at = (name: string): string => path.join(this.root, name);

  write(name: string, content: string | Buffer): void {
    fs.writeFileSync(this.at(name), content);
    this.happened(name);
  }

  remove(name: string): void {
    fs.rmSync(this.at(name), { recursive: true });
    this.happened(name);
  }

  rename(from: string, to: string): void {
    fs.renameSync(this.at(from), this.at(to));
    this.happened(from);
    this.happened(to);
  }

  /** The watcher tells it. */
  happened(name: string): void {
    const dir = path.dirname(name);
    this.watch.named((dir === '.' ? '' : dir) as RelPath, path.basename(name));
  }
}

describe('a document is open', () => {
  test.each<[document: string, ownerFile: string, content: string | Buffer | { link: string }, told: string]>([
    ['x.odt', '.~lock.x.odt#', libre('Ann Smith', 'elsewhere'), 'LibreOffice Ann Smith'],
    ['report.docx', '~$report.docx', Buffer.alloc(162), 'Word server@here'],
    ['abcdefgh.docx', '~$cdefgh.docx', '', 'Word server@here'],
    ['t.xlsx', '~$t.xlsx', Buffer.alloc(165), 'Excel server@here'],
    ['p.dwg', 'p.dwl', 'ann\npc\n', 'AutoCAD ann'],
    ['b.kicad_pcb', '~b.kicad_pcb.lck', '{"hostname":"pc","username":"ann"}', 'KiCad ann'],
    ['m.prproj', 'm.prlock', 'ann', 'Premiere Pro ann'],
    ['c.3dm', 'c.3dm.rhl', 'ann\r\npc\r\n', 'Rhino ann'],
    ['i.indd', '~i~4tx(.idlk', 'whatever', 'InDesign server@here'],
    ['n.txt', '.n.txt.swp', swap('n.txt'), 'Vim ann'],
    ['.n.txt', '.n.txt.swp', swap('.n.txt'), 'Vim ann'],
    ['e.txt', '.#e.txt', { link: 'ann@here.7:123' }, 'Emacs ann'],
    ['l.odt', '.~lock.l.odt#', '', 'LibreOffice server@here'],
  ])('%s, because of %s', async (document, ownerFile, content, told) => {
    const site = await Site.scanned({ d: { [document]: '' } });
    put(site.root, { d: { [ownerFile]: content } });
    site.happened(`d/${ownerFile}`);
    await site.opens(`d/${document} ${told}`);
    fs.rmSync(site.at(`d/${ownerFile}`));
    // Vim and the others are closed when the owner file is gone, without an event; Emacs has saved.
    if (told.startsWith('Emacs')) site.machine.dead.add(7);
    await site.opens();
  });

  test('whose account is told where the program tells it, with the account of the server', async () => {
    const site = await Site.scanned({ 'x.odt': '', '.~lock.x.odt#': libre('Ann', 'pc') });
    expect(site.told).toEqual([
      { account: 'server@here', documents: [{ path: 'x.odt', app: 'LibreOffice', owner: 'Ann', account: 'ann@pc' }] },
    ]);
  });

  test('Vim tells which of x and .x it is', async () => {
    const site = await Site.scanned({ x: '', '.x': '', '.x.swp': swap('.x') });
    expect(site.open).toEqual(['.x Vim ann']);
  });

  test('a program that writes its name later is waited for', async () => {
    const site = await Site.scanned({ 'x.odt': '', 'y.odt': '' }, { writingMs: NEVER });
    site.write('.~lock.x.odt#', '');
    fs.writeFileSync(site.at('.~lock.x.odt#'), libre());
    await site.opens('x.odt LibreOffice Ann');
    expect(site.told.length).toBe(2);
  });

  test('a name that comes too late replaces the one of the server, and a file that is emptied keeps its name', async () => {
    const site = await Site.scanned({ 'x.odt': '', '.~lock.x.odt#': '' });
    expect(site.open).toEqual(['x.odt LibreOffice server@here']);
    site.write('.~lock.x.odt#', libre());
    await site.opens('x.odt LibreOffice Ann');
    put(site.root, { 'y.odt': '', '.~lock.x.odt#': '', '.~lock.y.odt#': libre('Bob') });
    site.happened('.~lock.x.odt#');
    await site.opens('x.odt LibreOffice Ann', 'y.odt LibreOffice Bob');
  });

  test('whose owner file was there before it', async () => {
    const site = await Site.scanned({ '.~lock.x.odt#': libre() });
    expect(site.open).toEqual([]);
    site.write('x.odt', '');
    await site.opens('x.odt LibreOffice Ann');
  });

  test('while it is replaced, or deleted', async () => {
    const site = await Site.scanned({ 'x.odt': '1', 'y.odt': '', '.~lock.x.odt#': libre() });
    fs.rmSync(site.at('x.odt'));
    site.write('.~lock.y.odt#', libre());
    await site.opens('x.odt LibreOffice Ann', 'y.odt LibreOffice Ann');
    site.write('x.odt', '2');
    site.remove('.~lock.y.odt#');
    await site.opens('x.odt LibreOffice Ann');
  });

  test('while its owner file is gone for less than the time of a program that makes it anew', async () => {
    const site = await Site.scanned({ 'x.odt': '', 'y.odt': '', '.~lock.x.odt#': libre() }, { goneMs: NEVER });
    fs.rmSync(site.at('.~lock.x.odt#'));
    site.write('.~lock.y.odt#', libre());
    await site.opens('x.odt LibreOffice Ann', 'y.odt LibreOffice Ann');
    site.write('.~lock.x.odt#', libre());
    site.write('.~lock.y.odt#', libre('Bob'));
    await site.opens('x.odt LibreOffice Ann', 'y.odt LibreOffice Bob');
    expect(site.told.length).toBe(3);
  });

  test('once, whatever programs have it open', async () => {
    const site = await Site.scanned({ 'x.odt': '', '.~lock.x.odt#': libre(), '.#x.odt': { link: 'bob@pc.1' } });
    expect(site.open.length).toBe(1);
    site.remove('.~lock.x.odt#');
    await site.opens('x.odt Emacs bob');
  });

  test('while Emacs has nothing to save, until its process or its time ends', async () => {
    const tree = { x: '', y: '', 'z.odt': '', '.#x': { link: 'ann@here.7' }, '.#y': { link: 'ann@pc.7' } };
    const site = await Site.scanned(tree);
    expect(site.open).toEqual(['x Emacs ann', 'y Emacs ann']);
    site.remove('.#x');
    site.remove('.#y');
    // Nobody can tell of a process on another machine.
    await site.opens('x Emacs ann');
    site.machine.dead.add(7);
    await site.opens();
    const brief = await Site.scanned({ x: '', '.#x': { link: 'ann@here.7' } }, { savedMs: 1 });
    brief.remove('.#x');
    await brief.opens();
  });
});

describe('nothing is open', () => {
  test.each<[it: string, tree: Tree]>([
    ['a directory', { 'x.odt': '', '.~lock.x.odt#': {} }],
    ['a link', { 'x.odt': '', y: libre(), '.~lock.x.odt#': { link: 'y' } }],
    ['a link of Emacs that leads somewhere', { 'x.odt': '', y: '', '.#x.odt': { link: 'y' } }],
    ['a file in the place of the link of Emacs', { x: '', '.#x': 'words' }],
    ['one that Lockstep has written', { 'x.odt': '', '.~lock.x.odt#': libre('Ann', 'pc (Lockstep)') }],
    ['one of WPS Office, which is synchronised', { 'x.docx': '', '.~x.docx': '' }],
    ['a file with the name of a swap file', { x: '', '.x.swp': 'words' }],
  ])('because of %s', async (_, tree) => {
    expect((await Site.scanned({ d: tree, ...tree })).open).toEqual([]);
  });

  test('because of a pipe, which is not waited for', async () => {
    const site = new Site({ 'x.odt': '' });
    execFileSync('mkfifo', [site.at('.~lock.x.odt#')]);
    site.scan('');
    await site.until(() => site.told.length > 0);
    expect(site.open).toEqual([]);
  });

  test('of a huge owner file more than its beginning is read', async () => {
    const site = new Site({ 'x.odt': '' });
    fs.writeFileSync(site.at('.~lock.x.odt#'), libre());
    fs.truncateSync(site.at('.~lock.x.odt#'), 2 ** 40);
    site.scan('');
    await site.opens('x.odt LibreOffice Ann');
  });
});

describe('what is open is told', () => {
  test('first when all that the first scan noticed was read', async () => {
    const tree: Tree = { 'x.odt': '', '.~lock.x.odt#': libre(), d: { 'y.odt': '', '.~lock.y.odt#': libre() } };
    const site = new Site(tree);
    site.watch.noticed('');
    site.write('.~lock.gone.odt#', '');
    await new Promise(setImmediate);
    expect(site.watch.open).toBeNull();
    site.scan('d');
    expect(site.watch.open).toBeNull();
    await site.until(() => site.told.length > 0);
    expect(site.open).toEqual(['d/y.odt LibreOffice Ann', 'x.odt LibreOffice Ann']);
    expect(site.watch.open).toEqual(site.told[0]);
  });

  test('where nothing is, too', async () => {
    expect((await Site.scanned({})).told).toEqual([{ account: 'server@here', documents: [] }]);
  });

  test('though something goes on in a directory with an owner file without a pause', async () => {
    const site = await Site.scanned({ 'x.odt': '', '.~lock.x.odt#': libre(), d: { 'y.odt': '' } });
    let isWriting = true;
    const log = () => {
      site.happened('log');
      if (isWriting) setImmediate(log);
    };
    log();
    site.write('d/.~lock.y.odt#', libre());
    await site.opens('d/y.odt LibreOffice Ann', 'x.odt LibreOffice Ann');
    isWriting = false;
  });

  test('not in the order of time where two changes cancel each other', async () => {
    const site = await Site.scanned({ 'x.odt': '' });
    site.write('.~lock.x.odt#', libre());
    site.remove('.~lock.x.odt#');
    site.write('.~lock.x.odt#', libre('Bob'));
    await site.opens('x.odt LibreOffice Bob');
    expect(site.told.length).toBe(2);
  });
});

describe('a directory with owner files', () => {
  const TREE: Tree = {
    d: { 'x.odt': '', '.~lock.x.odt#': libre() },
    e: { 'x.odt': '', '.~lock.x.odt#': libre('Bob') },
  };
  const both = ['d/x.odt LibreOffice Ann', 'e/x.odt LibreOffice Bob'];

  test.each<[it: string, act: (site: Site) => void]>([
    ['that is removed', (site) => fs.rmSync(site.at('d'), { recursive: true })],
    ['that is renamed', (site) => fs.renameSync(site.at('d'), site.at('f'))],
    [
      'that is replaced by a link to another one',
      (site) => {
        fs.rmSync(site.at('d'), { recursive: true });
        fs.symlinkSync('e', site.at('d'));
      },
    ],
  ])('%s has nothing open, though no event tells it', async (_, act) => {
    const site = new Site(TREE);
    site.scan('d', 'e');
    await site.opens(...both);
    act(site);
    await site.opens(both[1]!);
  });

  test('of a problem that is gone has none, once the root is scanned', async () => {
    const site = new Site({ d: { 'x.txt': '', '.x.txt.swp': swap('x.txt') } });
    site.machine.dead.add(7);
    site.scan('d');
    await site.finds('stale-owner-file d/.x.txt.swp');
    fs.renameSync(site.at('d'), site.at('e'));
    site.watch.scanned();
    await site.finds();
    expect(site.hints).toBe(2);
  });
});

describe('a stale owner file', () => {
  test('is a problem that names it, and gives a hint for a scan, until it is gone', async () => {
    const site = await Site.scanned({ 'x.txt': '', '.x.txt.swp': swap('x.txt') });
    expect(site.open).toEqual(['x.txt Vim ann']);
    site.machine.dead.add(7);
    await site.opens();
    expect(site.watch.problems()).toEqual([
      {
        path: '.x.txt.swp',
        code: 'stale-owner-file',
        message:
          '".x.txt.swp" says that "ann" has "x.txt" open in Vim, but its process 7 has ended: it locks nothing. ' +
          `It may hold what was not saved, and no other copy of it: see it with: vim -r ${site.root}/x.txt (then leave Vim). ` +
          `Remove it: rm ${site.root}/.x.txt.swp`,
      },
    ]);
    await site.until(() => site.hints === 1);
    site.remove('.x.txt.swp');
    await site.finds();
    await site.until(() => site.hints === 2);
  });

  test('that is older than the machine is one, whoever made it', async () => {
    const site = new Site({ 'x.odt': '', '.~lock.x.odt#': libre('Ann', 'pc') });
    site.machine.boot = Date.now() + 3_000;
    site.scan('');
    await site.finds('stale-owner-file .~lock.x.odt#');
    expect(site.open).toEqual([]);
  });

  test('is removed by the command that its problem says, whatever its name does to a shell', async () => {
    const site = new Site({ 'report.docx': '', '~$report.docx': '' });
    site.machine.boot = Date.now() + 3_000;
    site.scan('');
    await site.finds('stale-owner-file ~$report.docx');
    const [, command] = site.watch.problems()[0]!.message.split('Remove it: ');
    execFileSync('sh', ['-c', command!]);
    expect(fs.readdirSync(site.root)).toEqual(['report.docx']);
  });

  test('of a program whose processes have all ended stays one, however often it is read', async () => {
    const site = new Site({ 'x.odt': '', 'y.odt': '', '.~lock.x.odt#': libre() });
    site.machine.offices = [5, 6];
    site.scan('');
    await site.opens('x.odt LibreOffice Ann');
    site.machine.dead.add(5);
    site.machine.offices = [];
    site.write('.~lock.y.odt#', libre('Bob', 'pc'));
    await site.opens('x.odt LibreOffice Ann', 'y.odt LibreOffice Bob');
    site.machine.dead.add(6);
    await site.opens('y.odt LibreOffice Bob');
    expect(site.problems).toEqual(['stale-owner-file .~lock.x.odt#']);
    site.remove('.~lock.y.odt#');
    await site.opens();
    expect(site.problems).toEqual(['stale-owner-file .~lock.x.odt#']);
  });

  test('of one of several processes of a program is that of the process that has the document open', async () => {
    const site = new Site({ 'x.odt': '', '.~lock.x.odt#': libre() });
    site.machine.offices = [5, 6];
    site.machine.openers.add(`6 ${site.root}/x.odt`);
    site.scan('');
    await site.opens('x.odt LibreOffice Ann');
    site.machine.dead.add(6);
    await site.finds('stale-owner-file .~lock.x.odt#');
  });

  test('costs one search for processes in a directory, however many there are', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `${n}.odt`);
    const entries = names.flatMap((name) => [[name, ''] as const, [`.~lock.${name}#`, libre()] as const]);
    const site = await Site.scanned(Object.fromEntries(entries));
    expect([site.open.length, site.machine.asked]).toEqual([20, 1]);
    site.write('new.odt', '');
    site.write('.~lock.new.odt#', libre('Ann', 'pc'));
    await site.until(() => site.open.length === 21);
    expect(site.machine.asked).toBe(1);
  });

  test('that another process makes anew is none', async () => {
    const site = new Site({ 'x.odt': '', '.~lock.x.odt#': libre() }, { goneMs: NEVER });
    site.machine.offices = [5];
    site.scan('');
    await site.opens('x.odt LibreOffice Ann');
    site.machine.offices = [6];
    site.machine.dead.add(5);
    await site.finds('stale-owner-file .~lock.x.odt#');
    fs.rmSync(site.at('.~lock.x.odt#'));
    site.write('.~lock.x.odt#', libre('Bob'));
    await site.opens('x.odt LibreOffice Bob');
    expect(site.problems).toEqual([]);
  });

  test('is none where its process is on another machine', async () => {
    const tree = { 'x.txt': '', '.x.txt.swp': swap('x.txt', 'pc'), 'y.odt': '', '.~lock.y.odt#': libre('Bob', 'pc') };
    const site = new Site(tree);
    site.machine.dead.add(7).add(5);
    site.machine.offices = [5];
    site.scan('');
    await site.opens('x.txt Vim ann', 'y.odt LibreOffice Bob');
    expect(site.problems).toEqual([]);
  });
});

describe('an owner file that can be of two documents', () => {
  const TREE: Tree = { 'abcdefgh.docx': '', 'xxcdefgh.docx': '', '~$cdefgh.docx': '' };

  test('opens none and is a problem, until one of them is renamed', async () => {
    const site = await Site.scanned(TREE);
    expect(site.open).toEqual([]);
    expect(site.watch.problems()).toEqual([
      {
        path: '~$cdefgh.docx',
        code: 'ambiguous-owner-file',
        message:
          '"~$cdefgh.docx" can be the owner file of "abcdefgh.docx" and of "xxcdefgh.docx": none of them is locked. ' +
          'Rename all but one.',
      },
    ]);
    site.rename('xxcdefgh.docx', 'other.docx');
    await site.opens('abcdefgh.docx Word server@here');
    expect([site.problems, site.hints]).toEqual([[], 2]);
  });

  test('is still of the one that was there alone before', async () => {
    const site = await Site.scanned({ 'abcdefgh.docx': '', '~$cdefgh.docx': '', 'y.odt': '' });
    put(site.root, { 'xxcdefgh.docx': '' });
    site.write('.~lock.y.odt#', libre());
    await site.opens('abcdefgh.docx Word server@here', 'y.odt LibreOffice Ann');
    expect(site.problems).toEqual([]);
  });
});
