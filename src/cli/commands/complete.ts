// `client __complete SHELL LINE`: what the word at the end of LINE could become, one candidate a line, `value TAB note`.
// Called by the completion scripts on every Tab, so it is quick and says nothing when the server is away.

import type { ListEntry } from '../../wire/messages.js';
import { addressText } from '../../wire/server-address.js';
import { SPELLINGS } from '../argv.js';
import { EXIT_OK } from '../exit.js';
import { shownName } from '../render/width.js';
import { type Globals, type Room, roomFor } from '../room.js';
import { splitLine } from '../words.js';

/** How long a Tab may wait for the server. */
const PATIENCE_MS = 700;
const MOST = 300;

export interface Candidate {
  readonly value: string;
  readonly note: string;
}

const GLOBAL_OPTIONS = ['--server', '--as', '--secret-file', '--json', '--color', '--help', '--version'];
const COMMANDS: Readonly<
  Record<string, { readonly note: string; readonly options?: readonly string[]; readonly files?: boolean }>
> = {
  list: { note: 'the files of both sides', files: true },
  lock: { note: 'lock files', options: ['--message', '--side', '--ttl', '--wait', '--steal'], files: true },
  unlock: { note: 'unlock files', options: ['--force', '--held'], files: true },
  locks: { note: 'who holds what', options: ['--mine'] },
  held: { note: 'updates that wait for an unlock', files: true },
  versions: { note: 'earlier contents of a file', files: true },
  restore: { note: 'put an earlier content back', options: ['--at'], files: true },
  conflicts: { note: 'the conflict copies' },
  resolve: { note: 'settle conflict copies', options: ['--keep'], files: true },
  status: { note: 'the pair at a glance' },
  watch: { note: 'everything that happens' },
  flush: { note: 'wait until both sides agree', options: ['--timeout'] },
  rescan: { note: 'look at everything anew' },
  pause: { note: 'carry nothing until resume' },
  resume: { note: 'go on', options: ['--accept-deletes'] },
  shell: { note: 'a prompt' },
  completion: { note: 'completion script of a shell' },
};
const VALUES: Readonly<Record<string, readonly string[]>> = {
  '--color': ['auto', 'always', 'never'],
  '--side': ['a', 'b'],
  '--keep': ['a', 'b', 'both'],
  '--held': ['apply', 'copy', 'discard'],
  '--ttl': [],
  '--server': [],
  '--as': [],
  '--secret-file': [],
  '--message': [],
  '-m': [],
  '--timeout': [],
  '--at': [],
};

export async function complete(room: Room, shell: string, line: string): Promise<number> {
  const { found, word, quoted } = await candidates(room, line);
  const done = shell === 'bash' && !quoted ? lastBreak(word) : 0; // bash replaces only what follows the last : or =
  for (const { value, note } of found) room.out(`${value.slice(done)}\t${note}\n`);
  return EXIT_OK;
}

/** @returns what the last word of `line` could become, and that word; `line` begins with the program's name. */
export async function candidates(
  room: Room,
  line: string,
): Promise<{ found: Candidate[]; word: string; quoted: boolean }> {
  const { words, open, between } = splitLine(line);
  const typed = words.slice(1);
  const word = between ? '' : (typed.pop() ?? '');
  const all = await possible(room, typed, word);
  return { found: all.filter(({ value }) => value.startsWith(word)).slice(0, MOST), word, quoted: open !== '' };
}

async function possible(room: Room, before: readonly string[], word: string): Promise<Candidate[]> {
  const ended = before.includes('--');
  const values = ended ? undefined : VALUES[before.at(-1) ?? ''];
  if (values !== undefined) return values.map(plain);
  const command = commandIn(before);
  if (command === null)
    return [...Object.entries(COMMANDS).map(([value, { note }]) => ({ value, note })), ...options([], word)];
  if (command === 'completion') return ['bash', 'zsh', 'fish'].map(plain);
  const known = COMMANDS[command];
  if (!ended && word.startsWith('-')) return options(known?.options ?? [], word);
  return known?.files === true ? filesFor(room, before, command, word) : [];
}

const plain = (value: string): Candidate => ({ value, note: '' });

const options = (own: readonly string[], word: string): Candidate[] =>
  word.startsWith('-') ? [...own, ...GLOBAL_OPTIONS].map(plain) : [];

function commandIn(words: readonly string[]): string | null {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word in SPELLINGS) return SPELLINGS[word]!;
    if (word in VALUES) i++;
    else if (!word.startsWith('-')) return word;
  }
  return null;
}

/** File names; numbers where the word could become one. */
async function filesFor(room: Room, before: readonly string[], command: string, word: string): Promise<Candidate[]> {
  const entries = await listed(room, before);
  const wanted = command === 'unlock' ? entries.filter(({ lock }) => lock !== null) : entries;
  const names = wanted.filter(({ path }) => shownName(path) === path).map(({ path, lock }) => named(path, lock));
  if (command === 'list' || !/^\d*$/.test(word)) return names;
  const shown = room.shown.recall(addressText(room.server));
  const numberOf = new Map((shown ?? entries.map(({ path }) => path)).map((path, index) => [path, index]));
  const numbers = wanted.flatMap(({ path }) => {
    const index = numberOf.get(path);
    return index === undefined ? [] : [{ value: String(index), note: shownName(path) }];
  });
  return word === '' ? [...names, ...numbers] : [...numbers, ...names];
}

/** A file whose name is all digits needs ./ before it, or it would be a number. */
const named = (path: string, lock: ListEntry['lock']): Candidate => ({
  value: /^\d+$/.test(path) ? `./${path}` : path,
  note: lock === null ? '' : `locked by ${shownName(lock.owner)}`,
});

/** The server's listing, or nothing if it is away or slow. The line's own --server, --as and --secret-file count. */
async function listed(room: Room, before: readonly string[]): Promise<readonly ListEntry[]> {
  const late = new Promise<readonly ListEntry[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref());
  const asked = async () => (await (await asTyped(room, before).api()).list()).entries;
  return Promise.race([asked().catch(() => []), late]);
}

function asTyped(room: Room, before: readonly string[]): Room {
  const typed: { server?: string; as?: string; secretFile?: string } = {};
  for (const [i, word] of before.entries()) {
    const [name, value] = word.includes('=')
      ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      : [word, before[i + 1]];
    if (name === '--server' && value !== undefined) typed.server = value;
    if (name === '--secret-file' && value !== undefined) typed.secretFile = value;
    if (name === '--as' && value !== undefined) typed.as = value;
  }
  const globals: Globals = { ...room.globals, ...typed };
  return roomFor(room, globals);
}

/** @returns where the part of a word begins that bash takes for a word of its own. */
const lastBreak = (word: string): number => Math.max(word.lastIndexOf(':'), word.lastIndexOf('=')) + 1;
