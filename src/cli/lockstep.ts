// The program `lockstep`: every command of the client, and what starts, checks and keeps a pair. Each of these is a
// program of its own that is loaded when it is named; it finds its own arguments where a program does.
const [node, script, word = '', ...rest] = process.argv;

const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  up: () => import('./up/up.js'),
  serve: () => import('./up/serve.js'),
  key: () => import('./key/key.js'),
  service: () => import('./service/service.js'),
  doctor: () => import('./doctor/doctor.js'),
  config: () => import('./show-config/show-config.js'),
};

const asksForHelp = word === 'help' && Object.hasOwn(PROGRAMS, rest[0] ?? '');
const [program = '', ...words] = asksForHelp ? [rest[0], '--help'] : [word, ...rest];
if (Object.hasOwn(PROGRAMS, program)) {
  process.argv = [node!, script!, ...words];
  await PROGRAMS[program]!();
} else await import('./client.js');
