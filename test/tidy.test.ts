// The project keeps its own law: cli → {sync, web → client} → {disk, wire} → replica → core, one order of the folders in each
// room, no circles, a pure core, one room that touches the process, and files that a reader can take in. The law is tried
// on made-up breaches first, so that a check that finds nothing is noticed.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileGraph, type Source, sourcesBelow, unusedExports } from './house/graph.js';
import { faultsOf, linesOf, MANY_LINES, MAX_LINES, wholeFaults } from './house/law.js';

const checkout = path.join(import.meta.dirname, '..');

const sources = sourcesBelow(checkout, 'src');

const HEAD = '// What this file guarantees, in a sentence or two.\n';

const breaches: [it: string, file: string, text: string, fault: RegExp | null][] = [
  ['core from core', 'src/core/x.ts', `import { y } from './y.js';`, null],
  ['core from a package', 'src/core/x.ts', `import ms from 'ms';`, /imports ms; the core imports nothing/],
  ['core from node', 'src/core/x.ts', `import fs from 'node:fs';`, /imports node:fs/],
  ['core from the log', 'src/core/x.ts', `import type { Logger } from '../log.js';`, /imports src\/log\.ts/],
  ['core from disk', 'src/core/x.ts', `export * from '../disk/fs/move.js';`, /imports src\/disk\/fs\/move\.ts/],
  ['disk from core', 'src/disk/x.ts', `import { y } from '../core/y.js';`, null],
  ['disk from wire', 'src/disk/x.ts', `import { y } from '../wire/y.js';`, /imports src\/wire\/y\.ts; disk may import/],
  ['wire from disk', 'src/wire/x.ts', `import type { Y } from '../disk/y.js';`, /imports src\/disk\/y\.ts/],
  ['wire from disk, late', 'src/wire/x.ts', `const y = await import('../disk/y.js');`, /imports src\/disk\/y\.ts/],
  ['wire from disk, a type', 'src/wire/x.ts', `type Y = import('../disk/y.js').Y;`, /imports src\/disk\/y\.ts/],
  ['disk from the replica', 'src/disk/x.ts', `import type { ScanResult } from '../replica.js';`, null],
  ['a flush of its own', 'src/disk/x.ts', `fs.fsyncSync(1);`, /uses fs\.fsyncSync; flush with/],
  ['the replica from core', 'src/replica.ts', `import type { Entry } from './core/entry.js';`, null],
  ['the replica from disk', 'src/replica.ts', `import type { Root } from './disk/fs/parents.js';`, /imports src\/disk/],
  ['the client from wire', 'src/client/x.ts', `import '../wire/rpc/caller.js';`, null],
  ['the client from sync', 'src/client/x.ts', `import '../sync/server-a.js';`, /imports src\/sync\/server-a\.ts/],
  ['wire from the client', 'src/wire/x.ts', `import '../client/client.js';`, /imports src\/client\/client\.ts/],
  ['a folder from one below', 'src/disk/scan/x.ts', `import '../state/root.js';`, null],
  [
    'a folder from one above',
    'src/disk/state/x.ts',
    `import '../scan/scanner.js';`,
    /in disk the order is apply → versions/,
  ],
  ['a folder from one beside it', 'src/sync/locks/x.ts', `import '../peer/channel.js';`, /in sync the order is/],
  [
    'types of a folder above',
    'src/wire/frame/x.ts',
    `import type { A } from '../socket/tcp.js';`,
    /in wire the order is/,
  ],
  ["a room's own file from its folders", 'src/sync/server-a.ts', `import './session/session.js';`, null],
  ['disk from sync', 'src/disk/x.ts', `import type { S } from '../sync/session.js';`, /imports src\/sync\/session\.ts/],
  ['the page from the client', 'src/web/x.ts', `import '../client/client.js';`, null],
  ['the page from sync', 'src/web/x.ts', `import type { S } from '../sync/s.js';`, /imports src\/sync\/s\.ts/],
  ['the client from the page', 'src/client/x.ts', `import '../web/start.js';`, /imports src\/web\/start\.ts/],
  ['sync from all below', 'src/sync/x.ts', `import '../disk/y.js'; import '../wire/y.js'; import '../log.js';`, null],
  ['sync from the client', 'src/sync/x.ts', `import '../client/client.js';`, /imports src\/client\/client\.ts/],
  ['sync from cli', 'src/sync/x.ts', `import { y } from '../cli/y.js';`, /imports src\/cli\/y\.ts/],
  ['cli from all', 'src/cli/commands/x.ts', `import '../argv.js'; import '../../sync/y.js'; import 'commander';`, null],
  ['no room', 'src/tools/x.ts', 'export {};', /in no room of the house/],
  ['a timer in core', 'src/core/x.ts', 'setTimeout(() => {}, 1);', /line 2 uses setTimeout/],
  ['the clock in core', 'src/core/x.ts', 'export const now = Date.now();', /line 2 uses Date\.now/],
  ['the clock in core, again', 'src/core/x.ts', 'export const now = new Date();', /asks the clock/],
  ['a given time in core', 'src/core/x.ts', 'export const at = (ms: number) => new Date(ms);', null],
  ['a promise in core', 'src/core/x.ts', 'export type Later = Promise<void>;', /uses Promise/],
  ['waiting in core', 'src/core/x.ts', 'export async function f() {}', /waits/],
  ['chance in core', 'src/core/x.ts', 'export const n = Math.random();', /uses Math\.random/],
  ['mention of the clock', 'src/core/x.ts', `// Date.now() is not asked\nexport const s = 'Promise';`, null],
  ['argv outside cli', 'src/sync/x.ts', 'export const argv = process.argv;', /uses process\.argv; only the cli/],
  ['signals outside cli', 'src/disk/x.ts', `process.on('exit', () => {});`, /uses process\.on/],
  ['a signal outside cli', 'src/disk/x.ts', 'process.kill(7, 9);', /uses process\.kill/],
  ['the whole process', 'src/wire/x.ts', 'export const p = process;', /uses process;/],
  ['the process by import', 'src/wire/x.ts', `import 'node:process';`, /imports node:process/],
  ['facts of the process', 'src/disk/x.ts', 'export const p = [process.pid, process.platform];', null],
  ['is that process alive', 'src/disk/x.ts', 'process.kill(7, 0);', null],
  ['a property of that name', 'src/disk/x.ts', 'export const p = (it: { process: number }) => it.process;', null],
  ['argv in cli', 'src/cli/x.ts', 'export const argv = process.argv;', null],
  ['a barrel', 'src/wire/index.ts', `export * from './frames.js';`, /is a barrel/],
  ['the public door', 'src/index.ts', `export { Client } from './client/client.js';`, null],
  ['an empty name', 'src/disk/utils.ts', 'export {};', /name that says nothing/],
  ['an empty name, hidden', 'src/disk/file-helper.ts', 'export {};', /name that says nothing/],
  ['too long', 'src/disk/x.ts', '\n'.repeat(MAX_LINES), /has 351 lines/],
  ['a command in a message', 'src/sync/x.ts', `export const s = 'See: client list';`, /says "client list"/],
  ['a command in a template', 'src/disk/x.ts', `export const s = \`Try \${p}: client unlock \${p}\`;`, /unlock/],
  ['an option of the client', 'src/core/x.ts', `export const s = 'Add --overwrite.';`, /says "--overwrite"/],
  ['how a program is run', 'src/wire/x.ts', `export const s = 'Start it with "npx server-a".';`, /says "npx"/],
  ['a step', 'src/sync/x.ts', `export const s = advise\`See: \${{ do: 'list' }}\`;`, null],
  ['a command in a comment', 'src/sync/x.ts', '// what client list shows', null],
  ['an option of a server', 'src/disk/x.ts', `export const s = 'Name another with --dir.';`, null],
  ['a command in the cli', 'src/cli/x.ts', `export const s = 'See: client list';`, null],
  ['something left', 'src/disk/x.ts', '// TODO: later', /line 2 has a TODO/],
];

describe('the law', () => {
  test.each(breaches)('%s', (_, file, text, fault) => {
    const found = faultsOf({ file, text: HEAD + text });
    if (fault === null) expect(found).toEqual([]);
    else expect(found).toEqual([expect.stringMatching(fault)]);
  });

  test.each(['export {};', '//\nexport {};', '/* a block */\nexport {};', '// short\nexport {};'])(
    'no head: %j',
    (text) => {
      expect(faultsOf({ file: 'src/core/x.ts', text })).toEqual([
        expect.stringMatching(/does not begin with a \/\/ comment/),
      ]);
    },
  );
});

test('the house keeps it', () => {
  const faults = sources.flatMap(faultsOf);
  expect(faults, `\n${faults.join('\n')}\n`).toEqual([]);
});

test('long files are named', () => {
  const long = sources.filter(({ text }) => linesOf(text) > MANY_LINES);
  for (const { file, text } of long) console.warn(`${file} has ${linesOf(text)} lines: is it one thought?`);
});

describe('the law of all files together', () => {
  const source = (file: string, ...imported: string[]): Source => ({
    file,
    text: imported.map((from) => `import '${from}';`).join('\n'),
  });
  const found = (...all: Source[]) => [...wholeFaults(all, fileGraph(all))];

  test('a circle of files', () => {
    expect(found(source('src/core/x.ts', './y.js'), source('src/core/y.ts', './x.js'))).toEqual([
      expect.stringMatching(/^a circle of files: src\/core\/x\.ts, src\/core\/y\.ts$/),
    ]);
  });

  test('a circle of folders, where no file is in one', () => {
    const all = [
      source('src/cli/a/x.ts', '../b/y.js'),
      source('src/cli/b/y.ts'),
      source('src/cli/b/z.ts', '../a/w.js'),
      source('src/cli/a/w.ts'),
    ];
    expect(found(...all)).toEqual([expect.stringMatching(/^a circle of folders: src\/cli\/a, src\/cli\/b$/)]);
  });

  test('a folder and what is inside it are no circle', () => {
    expect(
      found(source('src/cli/x.ts', './a/y.js'), source('src/cli/a/y.ts', '../z.js'), source('src/cli/z.ts')),
    ).toEqual([]);
  });

  test('a prefix that four files share, and no three', () => {
    const named = (...names: string[]) => names.map((name) => source(`src/cli/${name}.ts`));
    expect(found(...named('file-a', 'file-b', 'file-c'))).toEqual([]);
    expect(found(...named('file-a', 'file-b', 'file-c', 'file-d'))).toEqual([
      expect.stringMatching(/^src\/cli\/file-\* is/),
    ]);
  });

  test('a crowded folder', () => {
    const crowd = Array.from({ length: 26 }, (_, n) => source(`src/cli/f${n}.ts`));
    expect(found(...crowd)).toEqual([expect.stringMatching(/^src\/cli has 26 files/)]);
  });

  test('an export that nobody imports', () => {
    const [x, y] = [
      { file: 'src/core/x.ts', text: 'export const used = 1;\nexport const idle = 2;' },
      { file: 'src/core/y.ts', text: `import { used } from './x.js';` },
    ];
    expect(unusedExports([x!, y!], [x!, y!])).toEqual(['src/core/x.ts: idle']);
  });

  test('the house keeps it', () => {
    const inner = sources.filter(({ file }) => file !== 'src/index.ts');
    // What only tests use is tested through what the program uses, or it is not needed.
    expect([...wholeFaults(sources, fileGraph(sources)), ...unusedExports(inner, sources)]).toEqual([]);
  });
});
