// The house keeps its own law: cli → sync → {disk, wire} → core, a pure core, one room that touches the process, and
// files that a reader can take in. The law is tried on made-up breaches first, so that it cannot fall asleep.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultsOf, linesOf, MANY_LINES, MAX_LINES, type Source } from './support/core-tidy.js';

const checkout = path.join(import.meta.dirname, '..');

function sources(): Source[] {
  const names = readdirSync(path.join(checkout, 'src'), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => `src/${name.split(path.sep).join('/')}`);
  return files.sort().map((file) => ({ file, text: readFileSync(path.join(checkout, file), 'utf8') }));
}

const HEAD = '// What this file guarantees, in a sentence or two.\n';

const breaches: [it: string, file: string, text: string, fault: RegExp | null][] = [
  ['core from core', 'src/core/x.ts', `import { y } from './y.js';`, null],
  ['core from a package', 'src/core/x.ts', `import ms from 'ms';`, /imports ms; the core imports nothing/],
  ['core from node', 'src/core/x.ts', `import fs from 'node:fs';`, /imports node:fs/],
  ['core from the log', 'src/core/x.ts', `import type { Logger } from '../log.js';`, /imports src\/log\.ts/],
  ['core from disk', 'src/core/x.ts', `export * from '../disk/scan.js';`, /imports src\/disk\/scan\.ts/],
  ['disk from core', 'src/disk/x.ts', `import { y } from '../core/y.js';`, null],
  ['disk from wire', 'src/disk/x.ts', `import { y } from '../wire/y.js';`, /imports src\/wire\/y\.ts; disk may import/],
  ['wire from disk', 'src/wire/x.ts', `import type { Y } from '../disk/y.js';`, /imports src\/disk\/y\.ts/],
  ['wire from disk, late', 'src/wire/x.ts', `const y = await import('../disk/y.js');`, /imports src\/disk\/y\.ts/],
  ['wire from disk, a type', 'src/wire/x.ts', `type Y = import('../disk/y.js').Y;`, /imports src\/disk\/y\.ts/],
  ['disk from the replica, types', 'src/disk/x.ts', `import type { Look } from '../sync/replica.js';`, null],
  ['disk from the replica, code', 'src/disk/x.ts', `import { Look } from '../sync/replica.js';`, /write import type/],
  ['disk from sync', 'src/disk/x.ts', `import type { S } from '../sync/session.js';`, /imports src\/sync\/session\.ts/],
  ['sync from both', 'src/sync/x.ts', `import '../disk/y.js'; import '../wire/y.js'; import '../log.js';`, null],
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
  ['the public door', 'src/index.ts', `export { Client } from './wire/client.js';`, null],
  ['an empty name', 'src/disk/utils.ts', 'export {};', /name that says nothing/],
  ['an empty name, hidden', 'src/disk/file-helper.ts', 'export {};', /name that says nothing/],
  ['too long', 'src/disk/x.ts', '\n'.repeat(MAX_LINES), /has 351 lines/],
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
  const faults = sources().flatMap(faultsOf);
  expect(faults, `\n${faults.join('\n')}\n`).toEqual([]);
});

test('long files are named', () => {
  const long = sources().filter(({ text }) => linesOf(text) > MANY_LINES);
  for (const { file, text } of long) console.warn(`${file} has ${linesOf(text)} lines: is it one thought?`);
});
