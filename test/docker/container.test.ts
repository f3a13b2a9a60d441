// The image and the compose file, as far as that goes without a daemon: what is copied is there and is all that the build
// needs, and the command lines are ones that the programs accept.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { clientProgram } from '../../src/cli/program/program.js';
import { serverAOptions, serverBOptions } from '../../src/cli/server/options.js';

const checkout = path.join(import.meta.dirname, '../..');
const read = (name: string) => fs.readFileSync(path.join(checkout, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string>; engines: { node: string } };

/** The instructions of the Dockerfile in their order. */
const instructions = read('docker/Dockerfile')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/ (.*)/s).slice(0, 2) as [word: string, rest: string]);
const all = (word: string) => instructions.filter(([first]) => first === word).map(([, rest]) => rest);
const copied = all('COPY')
  .filter((rest) => !rest.startsWith('--from'))
  .flatMap((rest) => rest.split(' ').slice(0, -1));

/** What a client line says, checked against the table of commands. */
function expectCommand(words: readonly string[]): void {
  const program = clientProgram(
    () => {},
    () => async () => {},
    'lockstep',
  );
  const [name, ...options] = words;
  const command = program.commands.find((one) => one.name() === name);
  expect(options.filter((option) => !command?.options.some(({ long }) => long === option))).toEqual([]);
}

describe('the image', () => {
  it('is slim, of a Node that will do, and runs as a user that is not root', () => {
    expect(all('FROM').map((rest) => rest.split(' ')[0])).toEqual(['node:22-slim', 'node:22-slim']);
    expect(manifest.engines.node).toBe('>=20.19');
    expect(all('USER')).toEqual(['node']);
    const order = instructions.map(([word]) => word);
    expect(order.indexOf('USER')).toBeLessThan(order.indexOf('ENTRYPOINT'));
  });

  it('copies what is there, and what the ignore file lets in', () => {
    expect(copied.filter((name) => !fs.existsSync(path.join(checkout, name)))).toEqual([]);
    const letIn = read('docker/Dockerfile.dockerignore').split('\n').filter(Boolean);
    const names = copied.map((name) => `!${name.replace(/^\.\//, '')}`);
    expect(letIn).toEqual(['*', ...letIn.slice(1)]);
    expect(new Set(letIn.slice(1))).toEqual(new Set(names));
  });

  it('copies all that the build names', () => {
    const runs = all('RUN').join(' && ');
    const scripts = [...runs.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => manifest.scripts[name!]!);
    expect(scripts).toEqual([manifest.scripts.build]);
    const named = scripts.flatMap((script) => [...script.matchAll(/(?:^|[\s=])((?:src|scripts)\/[\w./-]+)/g)]);
    const files = ['package.json', 'tsconfig.json', ...named.map(([, file]) => file!)];
    expect(files.length).toBeGreaterThan(3);
    const isCopied = (file: string) => copied.some((name) => file === name || file.startsWith(`${name}/`));
    expect(files.filter((file) => !isCopied(file))).toEqual([]);
    const built = all('COPY').flatMap((rest) => /^--from=build \/build\/(\S+)/.exec(rest)?.[1] ?? []);
    expect(built).toEqual(['package.json', 'bin', 'dist', 'node_modules']);
  });

  it('starts a server, and asks it how the pair is', () => {
    expect(JSON.parse(all('ENTRYPOINT')[0]!)).toEqual(['lockstep']);
    const [serve, side, ...words] = JSON.parse(all('CMD').at(-1)!) as string[];
    expect([serve, side]).toEqual(['serve', 'a']);
    expect(serverAOptions(words, {}, () => {})).toMatchObject({ settings: { dir: '/data' } });
    const line = /CMD lockstep (.*) \|\| exit 1$/.exec(all('HEALTHCHECK')[0]!)![1]!;
    expect(line).toBe('status --check');
    expectCommand(line.split(' '));
  });
});

interface Service {
  readonly profiles: string[];
  readonly command: string[];
  readonly hostname: string;
  readonly user: string;
  readonly volumes: string[];
  readonly ports: string[];
  readonly environment: Record<string, string>;
  readonly build: { context: string; dockerfile: string };
  readonly read_only: boolean;
  readonly healthcheck?: { test: string[] };
}

describe('the compose file', () => {
  const { services } = parse(read('docker/compose.yaml'), { merge: true }) as { services: Record<string, Service> };
  const filled = (text: string) => text.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace(/\$\{(\w+):\?[^}]*\}/g, '/$1');
  const mounted = (volumes: string[]) => volumes.map((one) => filled(one).split(':')[1]);

  it.each(['a', 'b'] as const)('has a server-%s that starts', (side) => {
    const service = services[`server-${side}`]!;
    const [serve, which, ...words] = service.command.map(filled);
    expect([serve, which, service.profiles]).toEqual(['serve', side, [side]]);
    const read = side === 'a' ? serverAOptions(words, {}, () => {}) : serverBOptions(words, {}, () => {});
    if ('printed' in read) throw new Error('it prints a text and ends');
    const { settings } = read;
    expect(mounted(service.volumes)).toEqual([settings.dir, settings.secretFile]);
    expect(service.environment.LOCKSTEP_SECRET_FILE).toBe(settings.secretFile);
    expect(service.ports).toEqual([`${settings.port}:${settings.port}`]);
    expect(settings.host).toBe('0.0.0.0');
    // A directory that a killed server has left is known by the name of the machine.
    expect(service.hostname).toBe(`lockstep-${side}`);
    expect([filled(service.user), service.read_only]).toEqual(['/LOCKSTEP_USER', true]);
    const { context, dockerfile } = service.build;
    expect(fs.existsSync(path.join(checkout, 'docker', context, dockerfile))).toBe(true);
  });

  it('gives server-a a server-b that is there', () => {
    const words = services['server-a']!.command.slice(2).map(filled);
    expect(serverAOptions(words, {}, () => {})).toMatchObject({ settings: { peer: { host: 'server-b', port: 8081 } } });
  });

  it('looks after server-b by its port', () => {
    const [cmd, node, option, script] = services['server-b']!.healthcheck!.test;
    expect([cmd, node, option]).toEqual(['CMD', 'node', '-e']);
    expect(() => new Function(script!)).not.toThrow();
    expect(script).toContain('connect(8081)');
  });
});
