// The documents are complete: whatever a user can meet (codes, events, options, commands, methods) is described, and
// every link leads somewhere. That what they show is true is test/e2e/documents.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientProgram } from '../src/cli/program/program.js';
import { serverCommand } from '../src/cli/server/command.js';
import { upOptions } from '../src/cli/up/options.js';
import { type Message, messagesIn } from './support/documents/messages.js';

const checkout = path.join(import.meta.dirname, '..');
const read = (name: string) => fs.readFileSync(path.join(checkout, name), 'utf8');
const source = fs
  .readdirSync(path.join(checkout, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(path.join('src', name)))
  .join('\n');

/** The words of a union of texts in the source. */
function wordsOf(type: string): string[] {
  const union = new RegExp(`\\btype ${type} =([^;]*);`).exec(source)?.[1];
  if (union === undefined) throw new Error(`There is no type ${type} any more.`);
  return [...union.matchAll(/'([^']+)'/g)].map(([, word]) => word!);
}

/** The names of the methods in an interface of the protocol. */
function methodsOf(name: string): string[] {
  const body = new RegExp(`interface ${name}[^{]*\\{\n([\\s\\S]*?)\n\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`There is no interface ${name} any more.`);
  return [...body.matchAll(/^ {2}(\w+): \{/gm)].map(([, method]) => method!);
}

/** The text below a heading that names `word`, up to the next heading. */
function sectionsAbout(text: string, word: string): string {
  const sections = text.split(/^(?=## )/m);
  return sections.filter((one) => new RegExp(`^## .*\\b${word}\\b`).test(one)).join('');
}

const said = (text: string, word: string): boolean => text.includes(`\`${word}\``);

describe('docs/troubleshooting.md has every', () => {
  const text = read('docs/troubleshooting.md');
  test.each(['ErrorCode', 'ProblemCode', 'SideHaltCode', 'HaltCode'])('%s', (type) => {
    expect(wordsOf(type).filter((word) => !said(text, word))).toEqual([]);
  });
});

describe('docs/troubleshooting.md', () => {
  const name = 'docs/troubleshooting.md';
  const messages = messagesIn(path.join(checkout, 'src'));

  // With LOCKSTEP_TEST_WRITE=1 the table is written, as the recorded outputs are.
  test('has every message of the programs in a table, with what it advises, and no other', () => {
    const text = read(name);
    const written = withSection(text, '## Every message', tableOf(messages));
    if (process.env.LOCKSTEP_TEST_WRITE !== undefined) fs.writeFileSync(path.join(checkout, name), written);
    else expect(written).toBe(text);
  });

  test.each<[string, string]>([
    ['an error', '… exists already.'],
    ['a template over two lines', 'The server at … uses version … of the protocol, this client version ….'],
    ['an error of another function', 'The other server violates the protocol: ….'],
    ['a wrong option', '… takes text or json, not "…".'],
    ['a problem', 'The link … is not carried: ….'],
    ['a halt', '… is empty, but had … when it was last scanned. Nothing is touched.'],
    ['a warning', 'A hangup (SIGHUP) is ignored, as there is no terminal. SIGTERM ends the server.'],
    ['a notice of the client', '… of the log cannot be read.'],
  ])('finds %s in the source', (_, text) => {
    expect(messages.map((message) => message.text)).toContain(text);
  });

  test('takes what was done, and what is advised, for no message', () => {
    const texts = messages.map((message) => message.text);
    expect(texts.filter((text) => /^(Locked|Deleted|Try again\.|Nothing was uploaded)/.test(text))).toEqual([]);
    expect(messages.find(({ text }) => text === 'The pair is paused.')?.advice).toEqual(['Go on with: …']);
  });
});

/** @returns the rows of a table of messages. */
function tableOf(messages: readonly Message[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '\\<');
  const rows = messages.map(({ text, advice }) => `| ${cell(text)} | ${advice.map(cell).join(' / ')} |`);
  return ['| message | what it advises |', '|---|---|', ...rows].join('\n');
}

/** @returns `text` with `table` in the place of the one below a heading. */
function withSection(text: string, heading: string, table: string): string {
  const at = text.indexOf(`\n${heading}\n`);
  if (at < 0) throw new Error(`There is no section "${heading}".`);
  const from = text.indexOf('\n| ', at) + 1;
  const end = text.indexOf('\n\n', from);
  return `${text.slice(0, from)}${table}${end < 0 ? '\n' : text.slice(end)}`;
}

describe('docs/servers.md has every', () => {
  const text = read('docs/servers.md');

  test('event', () => {
    const events = [...source.matchAll(/readonly event: '([\w-]+)'/g)].map(([, word]) => word!);
    expect(events.length).toBeGreaterThan(10);
    expect(events.filter((word) => !said(text, word))).toEqual([]);
  });

  test.each(['a', 'b'] as const)('option of server-%s and its variable', (which) => {
    const { options } = serverCommand(which, () => {});
    const flags = options.map(({ long }) => long!);
    expect(flags.filter((flag) => !text.includes(flag))).toEqual([]);
    const variables = flags.filter((flag) => flag !== '--version');
    const name = (flag: string) =>
      `LOCKSTEP_${which.toUpperCase()}_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
    expect(variables.map(name).filter((word) => !said(text, word))).toEqual([]);
  });
});

test('docs/lockstep.md has every option of lockstep up', () => {
  const text = read('docs/lockstep.md');
  let help = '';
  upOptions(['--help'], {}, (text) => {
    help += text;
  });
  const flags = [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag]) => flag!);
  expect(flags).toContain('--versions-share');
  expect(flags.filter((flag) => !['--version', '--help'].includes(flag) && !text.includes(flag))).toEqual([]);
});

describe('docs/client.md has', () => {
  const text = read('docs/client.md');
  const program = clientProgram(
    () => {},
    () => async () => {},
  );

  test('every option that comes before a command', () => {
    const flags = program.options.map(({ long }) => long!).filter((flag) => flag !== '--version');
    expect(flags.filter((flag) => !text.includes(flag))).toEqual([]);
  });

  const commands = program.commands.filter((command) => !command.name().startsWith('_'));
  test.each(commands.map((command) => [command.name(), command] as const))('%s, with its options', (name, command) => {
    const section = sectionsAbout(text, name);
    expect(section, `a section "## ${name}"`).not.toBe('');
    for (const alias of command.aliases()) expect(section).toContain(`\`${alias}\``);
    const flags = command.options.map(({ long }) => long!.replace(/\[.*/, ''));
    expect(flags.filter((flag) => !section.includes(flag))).toEqual([]);
  });
});

describe('docs/protocol.md has', () => {
  const text = read('docs/protocol.md');
  test('every method of server-a', () => {
    const methods = [...methodsOf('ClientMethods'), ...methodsOf('FileMethods')];
    expect(methods.length).toBeGreaterThan(20);
    expect(methods.filter((method) => sectionsAbout(text, method) === '')).toEqual([]);
  });

  test('every code of an error', () => {
    expect(wordsOf('ErrorCode').filter((word) => word !== 'unreachable' && !said(text, word))).toEqual([]);
  });
});

describe('the map src/README.md', () => {
  const text = read('src/README.md');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  const isThere = (name: string) => [name, `${name}.ts`].some((one) => fs.existsSync(path.join(checkout, 'src', one)));

  test('has every folder of a room', () => {
    const folders = fs
      .readdirSync(path.join(checkout, 'src'), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile() && one.name.endsWith('.ts'))
      .map((one) => path.relative(path.join(checkout, 'src'), one.parentPath))
      .filter((name, at, all) => name !== '' && name.split(path.sep).length <= 2 && all.indexOf(name) === at);
    expect(folders.length).toBeGreaterThan(30);
    expect(folders.filter((name) => !text.includes(`\`${name}/\``))).toEqual([]);
  });

  test('names files and folders that are there', () => {
    const lost: string[] = [];
    for (const row of rows) {
      const [first, ...names] = [...row.matchAll(/`([a-z-]+(?:\/[a-z-]*)*)`/g)].map(([, name]) => name!);
      // In the row of a folder, a name alone is a file in it; in that of a change, one beside the file before it.
      let folder = '';
      for (const name of first === undefined ? [] : [first, ...names]) {
        if (name.includes('/')) folder = name.endsWith('/') ? name : `${path.posix.dirname(name)}/`;
        if (!isThere(name.includes('/') ? name : `${folder}${name}`)) lost.push(name);
      }
    }
    expect(lost).toEqual([]);
  });
});

describe('links', () => {
  const names = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'test/README.md', 'src/README.md']
    .filter((name) => fs.existsSync(path.join(checkout, name)))
    .concat(
      fs
        .readdirSync(path.join(checkout, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    );

  test.each(names)('of %s lead somewhere', (name) => {
    const broken: string[] = [];
    for (const [, target] of read(name).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [file = '', anchor] = target!.split('#');
      const place = file === '' ? name : path.join(path.dirname(name), file);
      const isThere = fs.existsSync(path.join(checkout, place));
      if (!isThere || (anchor !== undefined && !anchorsOf(read(place)).includes(anchor))) broken.push(target!);
    }
    expect(broken).toEqual([]);
  });
});

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(text: string): string[] {
  const headings = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)];
  return headings.map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
