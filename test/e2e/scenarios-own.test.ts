// What happens to Lockstep's own files: SCENARIOS 41 and 42, and 7. Each state file is damaged in each way, while its server is
// stopped and while it runs, and each of our own directories is removed or replaced: it is said, and nothing is lost.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PairOfPrograms, putWhole, type Said, textOf, until } from '../support/programs.js';
import { sized } from '../support/sizes.js';
import { missing } from '../support/tools.js';

let pair: PairOfPrograms;
beforeEach(() => {
  pair = new PairOfPrograms('here if short');
});
afterEach(() => pair.close());

type SideName = 'a' | 'b';

const state = (side: SideName, ...names: string[]) => path.join(pair[side], '.lockstep', ...names);

/** Waits until server-a has said a problem with our own file or directory `name`. */
const untilSaid = (name: string, since = 0): Promise<Said> =>
  pair.serverA.wait((said) => said.event === 'problem' && said.path === `.lockstep/${name}`, since);

async function restart(): Promise<void> {
  await pair.startB();
  await pair.startA('--guard');
}

/** Every content that is on this disk, in whatever place, as a set. */
function contents(): Set<string> {
  for (;;) {
    try {
      return new Set([pair.a, pair.b].flatMap(contentsBelow));
    } catch (error) {
      // Something was renamed between the listing and the reading: what it has may be under a name that was not listed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

const contentsBelow = (root: string): string[] =>
  fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'latin1'));

/** All that must survive whatever happens to our own files. */
const PRECIOUS = [
  'locked at a',
  'first of b',
  'second of b',
  'one 1',
  'one 2',
  'two 1',
  'two 2',
  ...Array.from({ length: 8 }, (_, n) => `${n}`),
];

/** Two sides with files, a version, locks on both sides and two held updates. @returns an older copy of the state of both. */
async function furnish(): Promise<string> {
  for (let n = 0; n < 8; n++) putWhole(pair.a, `f${n}.txt`, `${n}`);
  putWhole(pair.a, 'locked.dwg', 'locked at a');
  putWhole(pair.a, 'own.dwg', 'held by b');
  putWhole(pair.a, 'one.txt', 'one 1');
  putWhole(pair.a, 'two.txt', 'two 1');
  await pair.startB();
  await pair.startA('--guard');
  await pair.serverA.wait('in-sync');
  await pair.flush();
  await stopBoth();
  const older = path.join(pair.directory, 'older');
  for (const side of ['a', 'b'] as const) fs.cpSync(state(side), path.join(older, side), { recursive: true });
  await restart();
  await pair.flush();
  putWhole(pair.a, 'one.txt', 'one 2');
  putWhole(pair.b, 'two.txt', 'two 2');
  await until(() => textOf(pair.a, 'two.txt') === 'two 2');
  await until(() => textOf(pair.b, 'one.txt') === 'one 2');
  await pair.json('--as', 'ann', 'lock', 'locked.dwg');
  await pair.json('--as', 'ann', 'lock', 'own.dwg', '--side', 'b');
  for (const [n, content] of ['first of b', 'second of b'].entries()) {
    putWhole(pair.b, 'locked.dwg', content);
    await until(async () => (await pair.json<{ held: unknown[] }>('held')).held.length === n + 1);
  }
  await pair.flush();
  return older;
}

const stopBoth = () => Promise.all([pair.serverA.stop(), pair.serverB.stop()]);

const sizeOf = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
const byteAt = (file: string, at: number): number | undefined =>
  fs.existsSync(file) ? fs.readFileSync(file)[at] : undefined;

type Damage = (file: string, older: string) => void;

const DAMAGES: Readonly<Record<string, Damage>> = {
  empty: (file) => fs.truncateSync(file, 0),
  half: (file) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2)),
  'one bit changed': (file) => {
    const bytes = fs.readFileSync(file);
    // Not in the time or the padding that nobody relies on.
    bytes[Math.floor(bytes.length / 3)]! ^= 1;
    fs.writeFileSync(file, bytes);
  },
  'a foreign tail': (file) => fs.appendFileSync(file, 'hello\nworld\n'),
  'a foreign version': (file) => {
    const json = file.endsWith('.json');
    fs.writeFileSync(file, json ? '{"format":9,"version":9}\n' : 'lockstep-store 9 9\n12345678 []\n');
  },
  missing: (file) => fs.rmSync(file),
  'an older copy': (file, older) =>
    fs.copyFileSync(
      path.join(older, path.relative(pair.directory, path.dirname(path.dirname(file))), path.basename(file)),
      file,
    ),
};

const FILES: readonly (readonly [SideName, string])[] = [
  ['a', 'locks.log'],
  ['a', 'archive.log'],
  ['b', 'seen.log'],
  ['a', 'seen.log'],
  ['a', 'versions.log'],
  ['b', 'versions.log'],
  ['a', 'identity.json'],
  ['b', 'identity.json'],
  ['b', 'guarded.json'],
  ['a', 'watermarks'],
  ['b', 'watermarks'],
];

/** An older copy of these is what they are, or asks for less than there is. */
const NEVER_OLD = new Set(['identity.json', 'watermarks', 'guarded.json']);

const all = FILES.flatMap(([side, file]) =>
  Object.keys(DAMAGES)
    .filter((how) => how !== 'an older copy' || !NEVER_OLD.has(file))
    .flatMap((how) => (['stopped', 'running'] as const).map((when) => [side, file, how, when] as const)),
);
/** The short form has one cell of each file, and of those on which a lock or a deletion may hang a few more. */
const cells = all.filter(([, file], n) => sized(file === 'locks.log' ? n % 12 === 0 : n % 31 === 0, true));

describe('SCENARIO 41: a state file is not what it was', () => {
  test.each(cells)(
    '%s: %s: %s, while %s: said, and nothing is lost',
    { timeout: sized(60_000, 300_000) },
    async (side, file, how, when) => {
      const older = await furnish();
      const damage = () => DAMAGES[how]!(state(side, file), older);
      const before = pair.serverA.said.length;
      if (when === 'running') {
        damage();
        // A changed bit, or a file of the same length, shows at the next start.
        const isSeen = how !== 'one bit changed' || file === 'identity.json';
        if (isSeen) await untilSaid(file, before);
      }
      const at = Math.floor(sizeOf(state(side, file)) / 3);
      const changed = byteAt(state(side, file), at);
      await stopBoth();
      // What the server wrote there since then has mended it.
      const isMended =
        when === 'running' &&
        (how !== 'one bit changed' || file === 'identity.json' || byteAt(state(side, file), at) !== changed);
      if (when === 'stopped') damage();
      await restart();
      if (!isMended) await untilSaid(file);
      const nothingLost = () => expect(PRECIOUS.filter((content) => !contents().has(content))).toEqual([]);
      nothingLost();
      if (file === 'locks.log' && !isMended && how !== 'a foreign tail') await untilConfirmed();
      await until(async () => (await pair.json<{ state: string }>('status')).state === 'in-sync');
      nothingLost();
      for (let n = 0; n < 8; n++)
        expect([textOf(pair.a, `f${n}.txt`), textOf(pair.b, `f${n}.txt`)]).toEqual([`${n}`, `${n}`]);
      if (isMended || file !== 'locks.log') {
        // Whatever else was lost, the locks stand, and what is held is held.
        expect(textOf(pair.a, 'locked.dwg')).toBe('locked at a');
        const { locks } = await pair.json<{ locks: { path: string }[] }>('locks');
        expect(locks.map((lock) => lock.path).sort()).toEqual(['locked.dwg', 'own.dwg']);
      }
    },
  );

  /** The pair halts until a person has said so; nothing that was held is applied meanwhile. */
  async function untilConfirmed(): Promise<void> {
    const { message } = await pair.serverA.wait('halted');
    expect(message).toMatch(/Locks may be lost.*client resume --accept-lost-locks/);
    await pair.serverA.wait('peer-connected');
    await pair.serverA.wait((said) => said.event === 'scan-finished');
    expect((await pair.client('status', '--check')).code).not.toBe(0);
    expect((await pair.client('flush')).code).toBe(8);
    expect(textOf(pair.a, 'locked.dwg')).toBe('locked at a');
    expect((await pair.client('resume')).code).toBe(8);
    const since = pair.serverA.said.length;
    await pair.json('resume', '--accept-lost-locks');
    await pair.serverA.wait('resumed', since);
  }

  test('locks.log empty: the halt outlasts a restart; a file that is locked again stays as it is', {
    timeout: 60_000,
  }, async () => {
    await furnish();
    await stopBoth();
    fs.truncateSync(state('a', 'locks.log'), 0);
    await restart();
    const { message } = await pair.serverA.wait('halted');
    expect(message).toMatch(
      /locks\.log is empty.*0 locks and 0 held updates.*held 2 contents stay.*"locked \(held 1\)\.dwg"/,
    );
    await stopBoth();
    await restart();
    await pair.serverA.wait('halted');
    expect(fs.readdirSync(state('a', 'held')).sort()).toEqual(['locked (held 1).dwg', 'locked (held 2).dwg']);
    const lock = await pair.json<{ token: number }>('--as', 'ann', 'lock', 'locked.dwg');
    expect(lock).toMatchObject({ changed: true });
    await pair.json('resume', '--accept-lost-locks');
    await until(async () => (await pair.json<{ held: unknown[] }>('held')).held.length === 1);
    await pair.flush();
    expect([textOf(pair.a, 'locked.dwg'), textOf(pair.b, 'locked.dwg')]).toEqual(['locked at a', 'second of b']);
    const { versions } = await pair.json<{ versions: unknown[] }>('versions', 'locked.dwg');
    expect(versions.length).toBeGreaterThanOrEqual(2);
    await pair.json('--as', 'ann', 'unlock', 'locked.dwg');
    await until(() => textOf(pair.a, 'locked.dwg') === 'second of b');
  });
});

const HOWS: Readonly<Record<string, (at: string) => void>> = {
  removed: (at) => fs.rmSync(at, { recursive: true }),
  'a plain file': (at) => replaceBy(at, () => fs.writeFileSync(at, 'mine')),
  'a link to outside': (at) => replaceBy(at, () => fs.symlinkSync(outside(), at)),
  'read-only': (at) => fs.chmodSync(at, 0o500),
};

function replaceBy(at: string, by: () => void): void {
  fs.renameSync(at, path.join(pair.directory, `away-${path.basename(at)}`));
  by();
}

function outside(): string {
  const at = path.join(pair.directory, 'outside');
  fs.mkdirSync(at, { recursive: true });
  return at;
}

const directories = (['a', 'b'] as const).flatMap((side) =>
  (side === 'a' ? ['staging', 'versions', 'held', ''] : ['staging', 'versions', '']).flatMap((name) =>
    Object.keys(HOWS).flatMap((how) =>
      (['running', 'stopped'] as const).map((when) => [side, name, how, when] as const),
    ),
  ),
);

/** All of .lockstep removed while stopped is a first meeting; a file in its place is no business of ours to remove. */
const isOurs = ([, name, how, when]: (typeof directories)[number]) =>
  name !== '' || (how !== 'a plain file' && how !== 'read-only' && when === 'running');

describe('SCENARIO 42: one of our own directories is removed or replaced', () => {
  const some = directories.filter(isOurs).filter((_, n) => sized(n % 29 === 0, true));

  test.each(some)(
    'of side %s: .lockstep/%s %s, while %s: made again, said, and all goes on',
    { timeout: sized(60_000, 300_000) },
    async (side, name, how, when) => {
      await furnish();
      if (when === 'stopped') await stopBoth();
      const before = when === 'running' ? pair.serverA.said.length : 0;
      HOWS[how]!(state(side, name));
      if (when === 'stopped') await restart();
      putWhole(pair.a, 'new at a.txt', 'from a');
      putWhole(pair.b, 'new at b.txt', 'from b');
      putWhole(pair.a, 'f0.txt', 'newer 0');
      putWhole(pair.b, 'f1.txt', 'newer 1');
      fs.rmSync(path.join(pair.b, 'f2.txt'));
      await until(() => textOf(pair.b, 'new at a.txt') === 'from a' && textOf(pair.a, 'new at b.txt') === 'from b');
      await until(() => textOf(pair.b, 'f0.txt') === 'newer 0' && textOf(pair.a, 'f1.txt') === 'newer 1');
      await until(() => textOf(pair.a, 'f2.txt') === null);
      putWhole(pair.b, 'locked.dwg', 'third of b');
      await until(async () => (await pair.json<{ held: unknown[] }>('held')).held.length === 3);
      // The superuser is not kept from writing in a directory that is read-only.
      if (how !== 'read-only' || process.getuid?.() !== 0)
        await untilSaid(name === '' ? 'identity.json' : name, before);
      expect(fs.existsSync(outside()) ? fs.readdirSync(outside()) : []).toEqual([]);
      expect(fs.lstatSync(state(side, name)).isDirectory()).toBe(true);
      expect(textOf(pair.a, 'locked.dwg')).toBe('locked at a');
      expect((await pair.json<{ locks: unknown[] }>('locks')).locks).toHaveLength(2);
    },
  );

  test.skipIf(missing.nobody !== '')(
    `where server-b may not write in it, that is a problem that names it, until it may${missing.nobody}`,
    { timeout: sized(60_000, 300_000) },
    async () => {
      putWhole(pair.a, 'f.txt', 'old');
      fs.chmodSync(pair.directory, 0o755);
      execFileSync('chown', ['-R', '65534:65534', pair.b]);
      pair.under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
      await pair.startB();
      await pair.startA();
      await pair.serverA.wait('in-sync');
      // Its own it makes writable again by itself.
      const since = pair.serverA.said.length;
      fs.chmodSync(state('b', 'staging'), 0o500);
      putWhole(pair.a, 'f.txt', 'new');
      await until(() => textOf(pair.b, 'f.txt') === 'new');
      await untilSaid('staging', since);
      // Somebody else's it cannot.
      for (const name of ['staging', 'versions']) {
        fs.chownSync(state('b', name), 0, 0);
        fs.chmodSync(state('b', name), 0o755);
        putWhole(pair.a, 'f.txt', `after ${name}`);
        const said = await pair.serverA.wait(
          (one) => one.event === 'problem' && one.path === 'f.txt' && `${one.message}`.includes(name),
        );
        expect(said).toMatchObject({ code: 'no-permission', message: expect.stringContaining(state('b', name)) });
        const { problems } = await pair.json<{ problems: { path: string }[] }>('status');
        expect(problems.map((problem) => problem.path)).toContain('f.txt');
        fs.chownSync(state('b', name), 65534, 65534);
        fs.chmodSync(state('b', name), 0o700);
        await until(() => textOf(pair.b, 'f.txt') === `after ${name}`);
      }
    },
  );
});
