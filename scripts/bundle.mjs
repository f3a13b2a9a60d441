// npm run build, after the compiler: joins the modules of each program and the libraries that it uses into a few files in
// dist/programs. Half of a short command's processor time went into finding, reading and linking 120 small files. What is
// loaded only when it is named (the menu, the live view, a server) stays a file of its own. dist keeps the separate
// modules for programs that import the library.
import { rmSync, writeFileSync } from 'node:fs';
import { rolldown } from 'rolldown';

const OUT = 'dist/programs';
const PROGRAMS = {
  client: 'dist/cli/client.js',
  lockstep: 'dist/cli/lockstep.js',
  'server-a': 'dist/cli/server/server-a.js',
  'server-b': 'dist/cli/server/server-b.js',
};
/** Our own modules of the client: one file, because almost every command needs most of them. */
const OF_THE_CLIENT = /[\\/]dist[\\/](cli[\\/](commands|help|render|target|program)|client|wire)[\\/]/;
/** Those that few commands need; they bring TLS, hashing or a progress bar along. */
const OF_FEW = /[\\/](tls|transfers|upload|download|partial-file|local-file)\.js$|[\\/]commands[\\/]transfers[\\/]/;
const isOwn = (id) => OF_THE_CLIENT.test(id) && !OF_FEW.test(id);

/** `lockstep` runs the bundled client that stands beside it, instead of a second copy. */
const clientBeside = {
  name: 'client-beside',
  resolveId: (id, importer) =>
    id === './client.js' && importer?.endsWith('lockstep.js') ? { id, external: true } : null,
};

/** A source of ASCII alone takes half of the memory, and is decoded faster. Such letters stand in strings and patterns only. */
const inAscii = (code) =>
  code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

rmSync(OUT, { recursive: true, force: true });
for (const [name, file] of Object.entries(PROGRAMS)) {
  const bundle = await rolldown({
    input: { [name]: file },
    platform: 'node',
    external: /^node:/,
    plugins: [clientBeside],
    checks: { ineffectiveDynamicImport: false },
  });
  const { output } = await bundle.write({
    dir: OUT,
    format: 'esm',
    chunkFileNames: `${name}-[name].js`,
    codeSplitting: name === 'client' ? { groups: [{ name: 'own', test: isOwn }] } : true,
    // Names stay readable in a stack trace; comments and blanks go.
    minify: { compress: true, mangle: false },
  });
  for (const { type, fileName, code } of output)
    if (type === 'chunk') writeFileSync(`${OUT}/${fileName}`, inAscii(code));
  await bundle.close();
}
