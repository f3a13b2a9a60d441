// npm run build, after the compiler: puts everything that the page consists of into dist/web/assets, which is all that the
// server hands out. These are the page, our own modules that it imports, and the libraries, each with its licence. A
// module that imports anything else fails the build.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const COMPILED = 'node_modules/.cache/lockstep-page';
const SOURCE = 'src/web/page';
const OUT = 'dist/web/assets';
const MAIN = 'web/page/main.js';
/** What the page imports by name: the package, and its module for browsers. */
const LIBRARIES = {
  preact: ['preact', 'dist/preact.mjs'],
  'preact/hooks': ['preact', 'hooks/dist/hooks.mjs'],
  'preact/jsx-runtime': ['preact', 'jsx-runtime/dist/jsxRuntime.mjs'],
  '@preact/signals': ['@preact/signals', 'dist/signals.mjs'],
  '@preact/signals-core': ['@preact/signals-core', 'dist/signals-core.mjs'],
  diff: ['diff', 'libesm/index.js'],
};

const addressOfLibrary = ([name, file]) => `lib/${name}/${file}`;

/** The modules that are needed, by their address below /assets/, with the file of each. */
const modules = new Map();

function add(address, file) {
  if (modules.has(address)) return;
  modules.set(address, file);
  const text = fs.readFileSync(file, 'utf8');
  for (const { fileName: from } of ts.preProcessFile(text, true, true).importedFiles) follow(address, file, from);
}

function follow(address, file, from) {
  if (from.startsWith('.'))
    add(path.posix.join(path.posix.dirname(address), from), path.join(path.dirname(file), from));
  else if (LIBRARIES[from] === undefined) throw new Error(`${address} imports ${from}, which the page does not have.`);
  else addLibrary(from);
}

function addLibrary(name) {
  const [owner, file] = LIBRARIES[name];
  add(addressOfLibrary(LIBRARIES[name]), path.join('node_modules', owner, file));
}

function put(address, content) {
  const file = path.join(OUT, address);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

/** The licences ask for a copy beside the code. */
function putLicences() {
  for (const name of new Set(Object.values(LIBRARIES).map(([owner]) => owner)))
    put(`lib/${name}/LICENSE.txt`, fs.readFileSync(`node_modules/${name}/LICENSE`));
}

/** Styles and pictures lie beside the modules. */
function putBesides() {
  for (const name of fs.readdirSync(SOURCE, { recursive: true }))
    if (/\.(css|svg|png|woff2)$/.test(name)) put(`src/web/page/${name}`, fs.readFileSync(path.join(SOURCE, name)));
}

function putHtml() {
  const imports = Object.fromEntries(
    Object.keys(LIBRARIES).map((name) => [name, `/assets/${addressOfLibrary(LIBRARIES[name])}`]),
  );
  const slot = '<script type="importmap"></script>';
  const html = fs.readFileSync(path.join(SOURCE, 'index.html'), 'utf8');
  if (!html.includes(slot)) throw new Error(`${SOURCE}/index.html has no ${slot}.`);
  const early = pageModules.map((address) => `    <link rel="modulepreload" href="/assets/${address}">\n`);
  put(
    'index.html',
    html.replace(slot, `<script type="importmap">${JSON.stringify({ imports })}</script>\n${early.join('').trimEnd()}`),
  );
}

fs.rmSync(OUT, { recursive: true, force: true });
add(`src/${MAIN}`, path.join(COMPILED, MAIN));
/** All but what is asked for by name later: a browser fetches them at once. */
const pageModules = [...modules.keys()];
for (const name of Object.keys(LIBRARIES)) addLibrary(name);
for (const [address, file] of modules) put(address, fs.readFileSync(file));
putLicences();
putBesides();
putHtml();
