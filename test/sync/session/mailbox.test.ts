import { expect, test } from 'vitest';
import { Mailbox } from '../../../src/sync/session/mailbox.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function open(onEvent: (event: string, mailbox: Mailbox<string>) => void = () => {}) {
  const seen: string[] = [];
  const mailbox: Mailbox<string> = new Mailbox<string>(
    (event) => {
      seen.push(event);
      onEvent(event, mailbox);
    },
    () => void seen.push('turn'),
  );
  return { mailbox, seen };
}

test('handles all waiting events in order, then takes one turn', async () => {
  const { mailbox, seen } = open();
  for (const event of ['a', 'b', 'c']) mailbox.post(event);
  expect(seen).toEqual([]);
  await turn();
  expect(seen).toEqual(['a', 'b', 'c', 'turn']);
});

test('takes no turn when nothing happens', async () => {
  const { seen } = open();
  await turn();
  await turn();
  expect(seen).toEqual([]);
});

test('events posted during a batch wait for the next one', async () => {
  const { mailbox, seen } = open((event, box) => {
    if (event === 'a') box.post('later');
  });
  mailbox.post('a');
  mailbox.post('b');
  await turn();
  expect(seen).toEqual(['a', 'b', 'turn']);
  await turn();
  expect(seen).toEqual(['a', 'b', 'turn', 'later', 'turn']);
});

test('after close nothing is handled, not even waiting events', async () => {
  const { mailbox, seen } = open();
  mailbox.post('a');
  mailbox.close();
  mailbox.post('b');
  await turn();
  expect(seen).toEqual([]);
});

test('close takes effect in the middle of a batch', async () => {
  const { mailbox, seen } = open((event, box) => {
    if (event === 'a') box.close();
  });
  mailbox.post('a');
  mailbox.post('b');
  await turn();
  expect(seen).toEqual(['a']);
});

test('what a handler or a turn throws is reported, and the other events are handled', async () => {
  const [seen, faults]: [string[], string[]] = [[], []];
  const mailbox = new Mailbox<string>(
    (event) => {
      if (event === 'bad') throw new Error('an event');
      seen.push(event);
    },
    () => {
      seen.push('turn');
      if (seen.length === 3) throw new Error('a turn');
    },
    { soon: (act) => void setImmediate(act) },
    (error) => void faults.push((error as Error).message),
  );
  for (const event of ['a', 'bad', 'b']) mailbox.post(event);
  await turn();
  expect([seen, faults]).toEqual([
    ['a', 'b', 'turn'],
    ['an event', 'a turn'],
  ]);
  mailbox.wake();
  await turn();
  expect(seen.at(-1)).toBe('turn');
});

test('several wakes cause one turn, and none after close', async () => {
  const { mailbox, seen } = open();
  mailbox.wake();
  mailbox.wake();
  await turn();
  expect(seen).toEqual(['turn']);
  mailbox.wake();
  mailbox.close();
  await turn();
  mailbox.wake();
  await turn();
  expect(seen).toEqual(['turn']);
});
