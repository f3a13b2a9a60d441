// Run by the build: writes the man pages of the three programs to dist/man, where package.json expects them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { clientAppendix } from '../program/help.js';
import { clientProgram } from '../program/program.js';
import { serverAppendix } from '../server/appendix.js';
import { serverCommand } from '../server/command.js';
import { packageVersion } from '../version.js';
import { manPage } from './page.js';

const silence = (): void => {};
const serverA = serverCommand('a', silence);
const serverB = serverCommand('b', silence);
const pages = [
  [clientProgram(silence, () => async () => {}), clientAppendix('client')],
  [serverA, serverAppendix('a', serverA)],
  [serverB, serverAppendix('b', serverB)],
] as const;
const names = pages.map(([program]) => program.name());
const version = packageVersion();

const directory = new URL('../../man/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [program, appendix] of pages) {
  const name = program.name();
  const seeAlso = names.filter((other) => other !== name);
  writeFileSync(new URL(`${name}.1`, directory), manPage(program, appendix, { version, seeAlso }));
}
