// The scripts in docs/recipes.md that tell people: as they stand there, with programs of the test for mail, chat and desktop.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SyncEvent } from '../../src/core/events.js';
import { Client } from '../../src/index.js';
import { PairOfPrograms, project, putWhole } from '../support/programs.js';
import { until } from '../support/sayings.js';
import { makeRoot, removeRoot } from '../support/trees.js';

const MINUTE = 60_000;
const hasJq = spawnSync('jq', ['--version']).error === undefined;

let place: string;

/** Writes the scripts that the document has people write. */
function writeScripts(): void {
  const text = fs.readFileSync(path.join(project, 'docs/recipes.md'), 'utf8');
  for (const [, name, body] of text.matchAll(/^\$ cat > ([\w-]+\.sh) <<'END'\n((?:>.*\n)+?)> END$/gm))
    fs.writeFileSync(path.join(place, name!), body!.replace(/^> ?/gm, ''), { mode: 0o755 });
}

/** A program that keeps its arguments, one a line, and what it reads. */
function fakeProgram(name: string): void {
  const script = `#!/bin/sh\n{ printf '<%s>\\n' "$@"; [ ${name} = notify-send ] || cat; } > '${place}/${name}.part' && mv '${place}/${name}.part' '${place}/${name}.out'\n`;
  fs.writeFileSync(path.join(place, 'bin', name), script, { mode: 0o755 });
}

const command = (how: string): string => `cd '${place}' && PATH="$PWD/bin:$PATH" ./tell.sh ./by-${how}.sh`;
const said = (name: string): string => {
  const file = path.join(place, `${name}.out`);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
};

/** Runs a script as a server does. */
function tell(how: string, event: SyncEvent): void {
  const { path: about } = event as { readonly path?: string };
  const env = { ...process.env, LOCKSTEP_USER: 'anna', LOCKSTEP_EVENT: event.event, LOCKSTEP_PATH: about };
  const line = JSON.stringify({ time: '2026-11-21T14:03:22.118Z', run: 'abc', id: 1, ...event });
  const { status, stderr } = spawnSync('sh', ['-c', command(how)], { env, input: `${line}\n`, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

const PLAN = 'docs/plan "$(touch made)" <b>.txt';
const ASKED: SyncEvent = { event: 'asked', path: PLAN, owner: 'anna', by: 'bert; touch made', message: 'at\n`noon`' };
const FREE: SyncEvent = { event: 'free', path: PLAN, owner: 'anna' };
const CONFLICT: SyncEvent = { event: 'conflict', path: PLAN, kept: 'a', copy: 'the copy' };
const PROBLEM: SyncEvent = { event: 'problem', path: PLAN, code: 'no-space', message: 'The disk is full.' };
const HALTED: SyncEvent = { event: 'halted', code: 'root-empty', message: 'It is empty.' };
const LEFT: SyncEvent = { event: 'left', path: PLAN, owner: 'anna' };

const TEXTS: readonly [SyncEvent, string][] = [
  [ASKED, `bert; touch made asks you to unlock ${PLAN}. at\n\`noon\``],
  [FREE, `${PLAN} is free: you can lock it now.`],
  [CONFLICT, `Both sides have changed ${PLAN}. The other content: the copy`],
  [PROBLEM, `${PLAN}: The disk is full.`],
  [HALTED, 'Nothing is synchronised any more. It is empty.'],
];

describe.skipIf(!hasJq)('the scripts that tell people', { timeout: MINUTE }, () => {
  beforeEach(() => {
    place = makeRoot('recipes');
    fs.mkdirSync(path.join(place, 'bin'));
    writeScripts();
    for (const name of ['mail', 'curl', 'notify-send']) fakeProgram(name);
    return () => removeRoot(place);
  });

  test.each(TEXTS)('by mail: %#', (event, text) => {
    tell('mail', event);
    const to = 'owner' in event ? 'anna' : 'office';
    expect(said('mail')).toBe(`<-s>\n<Lockstep: ${event.event}>\n<${to}@example.org>\n${text}\n`);
    expect(fs.existsSync(path.join(place, 'made'))).toBe(false);
  });

  test.each(TEXTS)('to a chat: %#', (event, text) => {
    tell('chat', event);
    const [body] = /\{[\s\S]*/.exec(said('curl'))!;
    expect(JSON.parse(body)).toEqual({ text: 'owner' in event ? `anna: ${text}` : text });
  });

  test.each(TEXTS)('on the desktop: %#', (event, text) => {
    tell('desktop', event);
    const shown = text.replace('<b>', '&lt;b>');
    expect(said('notify-send')).toBe(`<-a>\n<Lockstep>\n<-->\n<Lockstep: ${event.event}>\n<${shown}>\n`);
  });

  test('tell nobody of other events, nor on the desktop what is for another, nor of a second problem', () => {
    for (const how of ['mail', 'chat', 'desktop']) tell(how, LEFT);
    tell('desktop', { ...FREE, owner: 'bert' } as SyncEvent);
    expect([said('mail'), said('curl'), said('notify-send')]).toEqual(['', '', '']);
    tell('mail', PROBLEM);
    tell('chat', PROBLEM);
    expect([said('mail'), said('curl')]).toEqual([expect.stringContaining('The disk is full.'), '']);
  });

  test('a name that is no address of the list does not become one', () => {
    tell('mail', { ...FREE, owner: '-Sx@example.com' } as SyncEvent);
    expect(said('mail')).toContain('<office@example.org>');
  });

  describe('for real servers', () => {
    let pair: PairOfPrograms;
    beforeAll(() => {
      pair = new PairOfPrograms();
    });
    afterAll(() => pair.close());

    test('who is asked, and who can lock now, has a mail', async () => {
      await pair.startB();
      await pair.startA('--on-event', command('mail'));
      await pair.serverA.wait('in-sync');
      putWhole(pair.a, 'plan.dwg', 'v0');
      await pair.flush();
      const [anna, bert] = await Promise.all(
        ['anna', 'bert'].map((user) => Client.connect({ server: `127.0.0.1:${pair.portA}`, user })),
      );
      await anna!.lock(['plan.dwg']);
      await bert!.lock(['plan.dwg'], { notify: true });
      await bert!.ask(['plan.dwg'], { message: 'I need it at noon.' });
      await until(() => said('mail').includes('<anna@example.org>'));
      expect(said('mail')).toContain('bert asks you to unlock plan.dwg. I need it at noon.\n');
      await anna!.unlock(['plan.dwg']);
      await until(() => said('mail').includes('<bert@example.org>'));
      expect(said('mail')).toContain('plan.dwg is free: you can lock it now.\n');
      for (const client of [anna!, bert!]) client.close();
    });
  });
});
