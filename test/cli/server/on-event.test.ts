// The command of --on-event: real processes that read, hang, die, or do not exist.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventCommand } from '../../../src/cli/server/on-event.js';
import type { NumberedEvent } from '../../../src/core/events.js';
import { until } from '../../support/sayings.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

let root: string;
let warned: string[];
let command: EventCommand;

beforeEach(() => {
  root = makeRoot('on-event');
  warned = [];
});
afterEach(async () => {
  await command.close();
  removeRoot(root);
});

/** @param endMs where it is not tested that a command is killed, a slow machine has its time. */
const open = (line: string, endMs = 50_000): EventCommand => {
  command = new EventCommand(line, (text) => warned.push(text), endMs);
  return command;
};
const at = (name: string): string => path.join(root, name);
const text = (name: string): string => (fs.existsSync(at(name)) ? fs.readFileSync(at(name), 'utf8') : '');
const event = (id: number, reason = 'x'): NumberedEvent => ({
  ...{ time: '2026-11-21T14:03:22.118Z', run: 'abc', id },
  ...{ event: 'peer-lost', reason },
});
/** Whether a process with the id that a command has written lives. */
const lives = (name: string): boolean => {
  try {
    process.kill(Number(text(name)), 0);
    return true;
  } catch {
    return false;
  }
};

it('gets every event as a line of JSON, and ends when there are no more', async () => {
  open(`cat > '${at('out')}'; echo done >> '${at('out')}'`);
  const events = Array.from({ length: 500 }, (_, n) => event(n + 1, 'é\n'.repeat(n)));
  for (const one of events) command.event(one);
  await command.close();
  const lines = text('out').trim().split('\n');
  expect(lines.pop()).toBe('done');
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
  expect(warned).toEqual([]);
});

it('that hangs holds nothing up, is said once, and is killed at the end with what it has started', async () => {
  open(`sleep 1000 & echo $! > '${at('child')}'; echo $$ > '${at('shell')}'; wait`, 100);
  command.event(event(1));
  await until(() => text('shell') !== '' && text('child') !== '');
  for (let n = 2; n < 3_000; n++) command.event(event(n, 'y'.repeat(1_000)));
  expect(warned).toEqual(['The command of --on-event does not read its events in time. Events are left out for it.']);
  expect([lives('shell'), lives('child')]).toEqual([true, true]);
  await command.close();
  await until(() => !lives('shell') && !lives('child'));
});

it('that ends is started again for a later event, and it is said once', async () => {
  open(`echo $$ > '${at('shell')}'; read line; echo "$line" >> '${at('out')}'; exit 3`);
  for (const id of [1, 2, 3]) {
    command.event(event(id));
    await until(() => text('out').split('\n').length === id + 1);
    // What is handed to a command that is about to end is lost with it.
    await until(() => warned.length > 0 && !lives('shell'));
  }
  expect(text('out')).toBe([1, 2, 3].map((id) => `${JSON.stringify(event(id))}\n`).join(''));
  expect(warned).toEqual([
    'The command of --on-event has ended (exit code 3). It is started again with a later event.',
  ]);
});

it('that does not exist is said once', async () => {
  open('/no/such/command 2>/dev/null');
  command.event(event(1));
  await until(() => warned.length > 0);
  command.event(event(2));
  await command.close();
  expect(warned).toEqual([expect.stringMatching(/has ended \(exit code 127\)/)]);
});

it('gets nothing after the end, and is not started for that', async () => {
  open(`cat > '${at('out')}'`);
  await command.close();
  command.event(event(1));
  expect(fs.existsSync(at('out'))).toBe(false);
});
