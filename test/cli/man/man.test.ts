import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { manPage } from '../../../src/cli/man/page.js';
import { pageName, pages } from '../../../src/cli/man/pages.js';
import { roff } from '../../../src/cli/man/roff.js';

const frame = { version: '1.2.3', seeAlso: ['other'] };
const programs = pages().map(([program, appendix]) => [pageName(program), program, appendix] as const);

const renders = (tool: string, args: string[]): boolean =>
  spawnSync(tool, [...args, '--version'], { stdio: 'ignore' }).status === 0;
const hasGroff = renders('groff', []);
const hasMan = hasGroff && renders('man', []);

/** The parts of a page by their headings. */
const sectionsOf = (page: string): Map<string, string> =>
  new Map(page.split(/^\.SH /m).map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]));

const shown = (page: string): string => {
  const input = page;
  const { stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou', '-rLL=200n'], {
    input,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout;
};

describe.each(programs)('the page of %s', (name, program, appendix) => {
  const page = manPage(program, appendix, { ...frame, name });
  const sections = sectionsOf(page);

  it('has its sections', () => {
    const titles = [...sections.keys()].slice(1);
    const commands = program.commands.length > 0 ? ['COMMANDS'] : [];
    expect(titles).toEqual([
      ...['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', ...commands],
      ...(appendix.environment.length > 0 ? ['ENVIRONMENT'] : []),
      ...['EXIT STATUS', 'EXAMPLES', 'SEE ALSO'],
    ]);
    expect(sections.get('NAME')).toMatch(new RegExp(`^${name.replace('-', '\\\\-')} \\\\- [a-z]`));
  });

  it('has every option, argument and command, and nothing that is hidden', () => {
    const missing = program.options.filter(({ flags }) => !sections.get('OPTIONS')!.includes(roff(flags)));
    expect(missing).toEqual([]);
    for (const command of program.commands) {
      const name = roff(command.name()).replaceAll('\\', '\\\\');
      const at = page.search(new RegExp(`\\.TP\n\\\\fB${name}[ |\\\\]`));
      expect(at >= 0, command.name()).toBe(!command.name().startsWith('__'));
      if (at < 0) continue;
      const rest = page.slice(at, page.indexOf('.SH', at));
      const text = rest.includes('.RE') ? rest.slice(0, rest.indexOf('.RE')) : rest;
      for (const { flags, description } of command.options) {
        expect(text).toContain(`${roff(flags)}\\fR\n${roff(description)}`);
      }
      for (const argument of command.registeredArguments) expect(text).toContain(`\\fI${roff(argument.name())}\\fR`);
    }
  });

  it('has what the help says besides', () => {
    for (const [word] of [...appendix.environment, ...appendix.exitCodes, ...appendix.examples]) {
      expect(page).toContain(roff(word));
    }
  });

  it('has no line that is a request by mistake', () => {
    const requests = page.split('\n').filter((line) => /^[.']/.test(line) && !/^\.(TP|PP|RS|RE|nf|fi|nh)$/.test(line));
    expect(requests.filter((line) => !/^\.(SH [A-Z ]+|TH .*)$/.test(line))).toEqual([]);
  });

  it.skipIf(!hasGroff)('is shown without a warning (needs groff)', () => {
    const text = shown(page);
    for (const [line] of appendix.examples) expect(text).toContain(line);
  });

  it.skipIf(!hasMan)('is what man shows after a build (needs man)', () => {
    const file = `dist/man/${name}.1`;
    const { stdout, stderr, status } = spawnSync('man', ['--warnings', '-l', file], {
      env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANPAGER: 'cat', PAGER: 'cat' },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('EXIT STATUS');
  });
});

describe('escapes', () => {
  const texts = ["'it's", '.TH x', 'back\\slash \\fB', '--a-b', '`x` ^ ~', '"q" → ü 🙂', '..'];
  const program = new Command('odd-one').description(texts.join(' '));
  for (const [i, text] of texts.entries()) program.command(`c${i}`).description(text);
  const rows = texts.map((text) => [text, text] as const);
  const odd = { examples: rows, notes: texts, environment: rows, environmentNote: '', exitCodes: [] };
  const page = manPage(program, odd, { ...frame, name: 'odd-one' });

  it('leave ASCII only, and nothing that is a request', () => {
    expect(page).toMatch(/^[\x20-\x7e\n]*$/);
    for (const line of page.split('\n')) if (line.startsWith('.')) expect(line).toMatch(/^\.[A-Za-z]{2}( [A-Z].*)?$/);
    expect(page).not.toMatch(/^'/m);
    expect(page).not.toMatch(/^\.TH x/m);
  });

  it.skipIf(!hasGroff)('come out as they went in (needs groff)', () => {
    const text = shown(page);
    for (const one of texts) expect(text.split(one).length, one).toBeGreaterThan(5);
  });
});

it('package.json names the pages', () => {
  const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { man: string[] };
  expect(man).toEqual(programs.map(([name]) => `dist/man/${name}.1`));
});
