// Tokens and logins end by themselves, and there is a bound to how many there are.
import { expect, test } from 'vitest';
import { type KeptLogin, Sessions } from '../../src/web/sessions.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ANNA = { name: 'anna', person: null };

test('a token serves once, for ten minutes', () => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const [first, second, late] = [1, 2, 3].map(() => sessions.tokenFor(ANNA));
  now = 10 * MINUTE - 1;
  const cookie = sessions.signIn(first!)!;
  expect(sessions.find(cookie)?.user).toEqual(ANNA);
  expect(sessions.signIn(first!)).toBeNull();
  expect(sessions.signIn(second!)).not.toBe(cookie);
  now = 10 * MINUTE;
  expect(sessions.signIn(late!)).toBeNull();
});

test('of very many tokens the oldest is dropped', () => {
  const sessions = new Sessions(() => 0);
  const tokens = Array.from({ length: 257 }, () => sessions.tokenFor(ANNA));
  expect(sessions.signIn(tokens[0]!)).toBeNull();
  expect(sessions.signIn(tokens[1]!)).not.toBeNull();
});

test.each([
  ['a week without use', [0, 7 * DAY]],
  ['a month', [...Array.from({ length: 6 }, (_, week) => week * 5 * DAY), 30 * DAY]],
])('a login ends after %s', (_, times) => {
  let now = 0;
  const sessions = new Sessions(() => now);
  const cookie = sessions.signIn(sessions.tokenFor(ANNA))!;
  const { ended } = sessions.find(cookie)!;
  for (const time of times.slice(0, -1)) {
    now = time;
    expect(sessions.find(cookie)).not.toBeNull();
  }
  now = times.at(-1)!;
  expect(sessions.find(cookie)).toBeNull();
  expect(ended.aborted).toBe(true);
});

test('a login outlasts a restart, by its hash, and its end is kept', () => {
  let now = 0;
  let kept: readonly KeptLogin[] = [];
  const keep = (logins: readonly KeptLogin[]): void => {
    kept = logins;
  };
  const start = () => new Sessions(() => now, { logins: kept, keep });
  const before = start();
  const [anna, rita] = [ANNA, { name: 'rita', person: { name: 'rita', role: 'read' as const } }].map((user) =>
    before.signIn(before.tokenFor(user)),
  );
  const unused = before.tokenFor(ANNA);
  const { ended } = before.find(anna!)!;
  now = 5 * DAY;
  before.find(rita!);
  before.close();
  expect(ended.aborted).toBe(true);
  expect(JSON.stringify(kept)).not.toContain(anna);
  now = 8 * DAY;
  const after = start();
  expect(after.signIn(unused)).toBeNull();
  expect(after.find(anna!)).toBeNull(); // not used for a week
  expect(after.find(rita!)?.user).toEqual({ name: 'rita', person: { name: 'rita', role: 'read' } });
  after.end(after.find(rita!)!);
  expect(start().find(rita!)).toBeNull();
});

test('of very many logins the one that was not used for longest ends', () => {
  const sessions = new Sessions(() => 0);
  const signIn = () => sessions.signIn(sessions.tokenFor(ANNA))!;
  const cookies = Array.from({ length: 256 }, signIn);
  expect(sessions.find(cookies[0]!)).not.toBeNull();
  signIn();
  expect(sessions.find(cookies[0]!)).not.toBeNull();
  expect(sessions.find(cookies[1]!)).toBeNull();
});
