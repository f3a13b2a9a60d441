// npm run build, after the compiler: puts everything that the page consists of into dist/web/assets, which is all that the
// server hands out. These are the page, our own modules that it imports, and the libraries, each with its licence. A
// module that imports anything else fails the build. Their addresses have the hash of all of them, so that a browser keeps
// them without asking again; what gets shorter by it stands there compressed, too.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';

const COMPILED = 'node_modules/.cache/lockstep-page';
const SOURCE = 'src/web/page';
const OUT = 'dist/web/assets';
const MAIN = 'src/web/page/main.js';
/** What a browser runs first. It has the others fetched, whose links stand in the template of the page. */
const FIRST = 'src/web/page/calls/beginning.js';
/** What the page imports by name: the package, and its module for browsers. */
const LIBRARIES = {
  preact: ['preact', 'dist/preact.mjs'],
  'preact/hooks': ['preact', 'hooks/dist/hooks.mjs'],
  'preact/jsx-runtime': ['preact', 'jsx-runtime/dist/jsxRuntime.mjs'],
  '@preact/signals': ['@preact/signals', 'dist/signals.mjs'],
  '@preact/signals-core': ['@preact/signals-core', 'dist/signals-core.mjs'],
  'diff/lib/diff/line.js': ['diff', 'libesm/diff/line.js'],
  'diff/lib/diff/word.js': ['diff', 'libesm/diff/word.js'],
};

/** What does not get shorter than this is not compressed. */
const WORTH = 0.9;

const addressOfLibrary = ([name, file]) => `lib/${name}/${file}`;

/** What is handed out, by its address below /assets/HASH/. */
const contents = new Map();
/** The modules that are needed at once: all but those that are loaded when they are named, and what only these import. */
const atOnce = [];

function add(address, file, isAtOnce) {
  if (isAtOnce && !atOnce.includes(address)) atOnce.push(address);
  else if (contents.has(address)) return;
  const text = fs.readFileSync(file, 'utf8');
  contents.set(address, Buffer.from(text));
  for (const { fileName: from, pos } of ts.preProcessFile(text, true, true).importedFiles)
    follow(address, file, from, isAtOnce && !/import\(\s*$/.test(text.slice(0, pos)));
}

function follow(address, file, from, isAtOnce) {
  if (from.startsWith('.'))
    add(path.posix.join(path.posix.dirname(address), from), path.join(path.dirname(file), from), isAtOnce);
  else if (LIBRARIES[from] === undefined) throw new Error(`${address} imports ${from}, which the page does not have.`);
  else addLibrary(from, isAtOnce);
}

function addLibrary(name, isAtOnce) {
  const [owner, file] = LIBRARIES[name];
  add(addressOfLibrary(LIBRARIES[name]), path.join('node_modules', owner, file), isAtOnce);
}

function put(address, content) {
  const file = path.join(OUT, address);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  const short = gzipSync(content, { level: 9 });
  if (short.length < content.length * WORTH) fs.writeFileSync(`${file}.gz`, short);
}

/** The licences ask for a copy beside the code. */
function addLicences() {
  for (const name of new Set(Object.values(LIBRARIES).map(([owner]) => owner)))
    contents.set(`lib/${name}/LICENSE.txt`, fs.readFileSync(`node_modules/${name}/LICENSE`));
}

/** Styles and pictures lie beside the modules. */
function addBesides() {
  for (const name of fs.readdirSync(SOURCE, { recursive: true }))
    if (/\.(css|svg|png|woff2)$/.test(name))
      contents.set(`src/web/page/${name}`, fs.readFileSync(path.join(SOURCE, name)));
}

function hashOfAll() {
  const hash = createHash('sha256');
  for (const [address, content] of [...contents].sort()) hash.update(`${address}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 16);
}

/** @param below where all addresses begin. */
function putHtml(below) {
  const imports = Object.fromEntries(
    Object.keys(LIBRARIES).map((name) => [name, below + addressOfLibrary(LIBRARIES[name])]),
  );
  const links = (addresses) =>
    addresses.map((address) => `<link rel="modulepreload" href="/assets/${address}">`).join('\n');
  let html = fs.readFileSync(path.join(SOURCE, 'index.html'), 'utf8');
  for (const [slot, filled] of [
    ['<script type="importmap"></script>', `<script type="importmap">${JSON.stringify({ imports })}</script>`],
    ['<link rel="modulepreload" class="first">', links(first)],
    ['<link rel="modulepreload">', links(atOnce.filter((address) => !first.includes(address)))],
  ]) {
    if (!html.includes(slot)) throw new Error(`${SOURCE}/index.html has no ${slot}.`);
    html = html.replace(slot, filled);
  }
  put('index.html', html.replaceAll('"/assets/src/', `"${below}src/`).replaceAll('"/assets/lib/', `"${below}lib/`));
}

fs.rmSync(OUT, { recursive: true, force: true });
add(FIRST, path.join(COMPILED, FIRST.replace('src/', '')), true);
const first = [...atOnce];
add(MAIN, path.join(COMPILED, MAIN.replace('src/', '')), true);
for (const name of Object.keys(LIBRARIES)) addLibrary(name, false);
addLicences();
addBesides();
const hash = hashOfAll();
for (const [address, content] of contents) put(`${hash}/${address}`, content);
putHtml(`/assets/${hash}/`);
