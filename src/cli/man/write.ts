// Run by the build: writes the man pages of the programs to dist/man, where package.json expects them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { packageVersion } from '../version.js';
import { manPage } from './page.js';
import { pageName, pages } from './pages.js';

const all = pages();
const names = all.map(([program]) => pageName(program));
const version = packageVersion();

const directory = new URL('../../man/', import.meta.url);
mkdirSync(directory, { recursive: true });
for (const [program, appendix] of all) {
  const name = pageName(program);
  const seeAlso = names.filter((other) => other !== name);
  writeFileSync(new URL(`${name}.1`, directory), manPage(program, appendix, { name, version, seeAlso }));
}
