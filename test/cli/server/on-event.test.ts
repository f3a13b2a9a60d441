// The command of --on-event: real processes that read, hang, fail, flood, or do not exist.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventCommand } from '../../../src/cli/server/on-event.js';
import type { NumberedEvent, SyncEvent } from '../../../src/core/events.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let warned: string[];
let details: string[];
let command: EventCommand;

beforeEach(() => {
  root = makeRoot('on-event');
  warned = [];
  details = [];
});
afterEach(async () => {
  command.kill();
  await command.close();
  removeRoot(root);
});

/** Where it is not tested that a command is killed, a slow machine has its time. */
const PATIENT = { running: 4, waiting: 1_000, eachMs: 50_000, graceMs: 50_000, atEndMs: 50_000 };

function open(line: string, limits: Partial<typeof PATIENT> = {}): EventCommand {
  const log = { warn: (text: string) => warned.push(text), detail: (text: string) => details.push(text) };
  command = new EventCommand(line, log, { ...PATIENT, ...limits });
  return command;
}
const at = (name: string): string => path.join(root, name);
const text = (name: string): string => (fs.existsSync(at(name)) ? fs.readFileSync(at(name), 'utf8') : '');
const numbered = (id: number, event: SyncEvent): NumberedEvent => ({
  ...{ time: '2026-11-21T14:03:22.118Z', run: 'abc', id },
  ...event,
});
const lost = (id: number, reason = 'x'): NumberedEvent => numbered(id, { event: 'peer-lost', reason });
const left = (id: number, name: string): NumberedEvent => numbered(id, { event: 'left', path: name, owner: 'ann' });
const synced = (id: number): NumberedEvent =>
  numbered(id, {
    ...{ event: 'synced', path: `file ${id}`, action: 'created', from: 'a', to: 'b' },
    ...{ bytes: 1, sent: 1, ms: 1 },
  });
const linesOf = (name: string): string[] => text(name).split('\n').slice(0, -1);
/** Whether a process with the id that a command has written lives. */
const lives = (name: string): boolean => {
  try {
    process.kill(Number(text(name)), 0);
    return true;
  } catch {
    return false;
  }
};

describe('each event', () => {
  it('has a process of its own, with the event as a line of JSON on its stdin', async () => {
    open(`cat > '${root}'/$$`);
    const events = Array.from({ length: 12 }, (_, n) => lost(n + 1, 'é\n'.repeat(n * 1_000)));
    for (const one of events) command.event(one);
    await until(() => fs.readdirSync(root).length === 12);
    await command.close();
    const said = fs.readdirSync(root).map(text);
    expect(said.every((line) => line.endsWith('}\n') && line.split('\n').length === 2)).toBe(true);
    const got = said.map((line) => JSON.parse(line) as NumberedEvent);
    expect(got.sort((x, y) => x.id - y.id)).toEqual(events);
    expect([warned, details]).toEqual([[], []]);
  });

  it('is named in the environment, with its path where it has one', async () => {
    open(`echo "$LOCKSTEP_EVENT:\${LOCKSTEP_PATH-none}:$HOME" >> '${at('out')}'`);
    for (const one of [lost(1), left(2, 'docs/plan.txt')]) command.event(one);
    await until(() => linesOf('out').length === 2);
    const home = process.env.HOME ?? '';
    expect(linesOf('out').sort()).toEqual([`left:docs/plan.txt:${home}`, `peer-lost:none:${home}`]);
  });

  it('is data, whatever its names are', async () => {
    open(`printf '%s\\n' "$LOCKSTEP_PATH" > '${at('path')}'; cat > '${at('json')}'`);
    const name = `$(touch '${at('made')}'); \`touch '${at('made')}'\`\n"';|&\u0000`;
    command.event(left(1, name));
    await until(() => text('json').endsWith('\n'));
    expect([text('path'), JSON.parse(text('json'))]).toEqual([`${name.slice(0, -1)}\n`, left(1, name)]);
    expect(fs.existsSync(at('made'))).toBe(false);
  });

  it('need not be read', async () => {
    open(`exec < /dev/null; echo x >> '${at('out')}'`);
    for (let id = 1; id <= 8; id++) command.event(lost(id, 'y'.repeat(500_000)));
    await until(() => linesOf('out').length === 8);
    await command.close();
    expect(warned).toEqual([]);
  });
});

describe('a slow command', () => {
  it('runs four times at once at most, in the order of the events', async () => {
    open(`: > '${root}'/$LOCKSTEP_PATH; while [ ! -e '${at('go-')}'$LOCKSTEP_PATH ]; do sleep 0.05; done`);
    const begun = () => fs.readdirSync(root).filter((name) => name.startsWith('run'));
    for (let id = 1; id <= 6; id++) command.event(left(id, `run${id}`));
    await until(() => begun().length === 4);
    fs.writeFileSync(at('go-run2'), '');
    await until(() => begun().length === 5);
    expect(begun().sort()).toEqual(['run1', 'run2', 'run3', 'run4', 'run5']);
  });

  it('has events wait; of too many, carried changes are left out first, and it is said how many', async () => {
    const line = `while [ ! -e '${at('go')}' ]; do sleep 0.05; done; echo $LOCKSTEP_EVENT "$LOCKSTEP_PATH" >> '${at('out')}'`;
    open(line, { waiting: 5 });
    for (let id = 1; id <= 12; id++) command.event(synced(id));
    const slow = 'The command of --on-event is too slow: 5 events wait for it, and further ones are left out.';
    expect(warned).toEqual([slow]);
    for (let id = 1; id <= 6; id++) command.event(left(id, `kept ${id}`));
    expect(warned).toEqual([slow]);
    fs.writeFileSync(at('go'), '');
    await until(() => warned.length === 2);
    expect(warned[1]).toBe('The command of --on-event has caught up; 9 events were left out.');
    await until(() => linesOf('out').length === 9);
    const kept = [1, 2, 3, 4, 5].map((id) => `left kept ${id}`);
    expect(linesOf('out').sort()).toEqual([...kept, ...[1, 2, 3, 4].map((id) => `synced file ${id}`)]);
  });

  it('is ended when its time is over, with what it has started', async () => {
    open(`sleep 1000 & echo $! > '${at('child')}'; echo $$ > '${at('shell')}'; wait`, { eachMs: 300 });
    command.event(lost(1));
    await until(() => warned.length > 0);
    expect(warned).toEqual(['The command of --on-event took too long and was ended (peer-lost).']);
    await until(() => !lives('shell') && !lives('child'));
  });

  it('is killed where it does not end then', async () => {
    open(`trap '' TERM; echo $$ > '${at('shell')}'; while :; do sleep 0.1; done`, { eachMs: 300, graceMs: 100 });
    command.event(lost(1));
    await until(() => warned.length > 0);
    await until(() => !lives('shell'));
  });
});

it('what it leaves behind ends with it', async () => {
  open(`sleep 1000 & echo $! > '${at('child')}'`);
  command.event(lost(1));
  await until(() => text('child') !== '' && !lives('child'));
  expect(warned).toEqual([]);
});

describe('a command that fails', () => {
  it.each<[it: string, line: string, said: RegExp]>([
    ['with its exit code', 'exit 3', /^The command of --on-event failed with exit code 3 \(peer-lost\)\.$/],
    ['with what it printed last', 'echo one; echo two >&2; exit 3', /failed with exit code 3 \(peer-lost\): two$/],
    ['as not found', '/no/such/command', /failed with exit code 127, command not found \(peer-lost\): .*\/no\/such/],
    ['as not to be run', "'/'", /failed with exit code 126, not to be run \(peer-lost\): /],
    ['with its signal', 'kill -KILL $$', /^The command of --on-event was ended by SIGKILL \(peer-lost\)\.$/],
  ])('is said %s', async (_, line, said) => {
    open(line);
    command.event(lost(1));
    await until(() => warned.length > 0);
    expect(warned).toEqual([expect.stringMatching(said)]);
  });

  it('is said once a minute, and runs for the next event', async () => {
    open(`echo x >> '${at('out')}'; exit 3`);
    for (let id = 1; id <= 9; id++) command.event(lost(id));
    await until(() => linesOf('out').length === 9);
    await command.close();
    expect(warned).toHaveLength(1);
  });

  it('as one that cannot be started', async () => {
    open('true'.padEnd(200_000, ' x'));
    command.event(lost(1));
    await until(() => warned.length > 0);
    expect(warned).toEqual([expect.stringMatching(/^The command of --on-event cannot be started: .*E2BIG/)]);
  });
});

it('the beginning of what it prints is a detail', async () => {
  open('yes | head -c 1000000');
  command.event(lost(1));
  await until(() => details.length > 0);
  expect(details).toEqual([`The command of --on-event printed (peer-lost): ${'y\n'.repeat(2_048).trim()}`]);
});

describe('at the end of the server', () => {
  it('nothing more is started, and what runs has a moment', async () => {
    open(`echo x >> '${at('begun')}'; while [ ! -e '${at('go')}' ]; do sleep 0.05; done; echo x >> '${at('out')}'`);
    for (let id = 1; id <= 9; id++) command.event(lost(id));
    await until(() => linesOf('begun').length === 4);
    const closed = command.close();
    command.event(lost(10));
    fs.writeFileSync(at('go'), '');
    await closed;
    expect([linesOf('begun').length, linesOf('out').length]).toEqual([4, 4]);
  });

  it('what does not end then is killed, with what it has started', async () => {
    open(`sleep 1000 & echo $! > '${at('child')}'; echo $$ > '${at('shell')}'; wait`, { atEndMs: 100 });
    command.event(lost(1));
    await until(() => text('shell') !== '' && text('child') !== '');
    await command.close();
    await until(() => !lives('shell') && !lives('child'));
    expect(warned).toEqual([]);
  });
});
