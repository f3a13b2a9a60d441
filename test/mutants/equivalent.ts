// Mutants that change nothing that anybody could see, each with the reason. They are left out of the sample.
import type { Shown } from './mutation.js';

export interface Equivalent {
  readonly file: string;
  /** The whole line, without the spaces around it. */
  readonly source: string;
  readonly original: string;
  readonly mutated: string;
  readonly reason: string;
}

const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'src/sync/server-b.ts',
    source: 'sayWhoMay(options, log);',
    original: 'sayWhoMay(options, log);',
    mutated: ';',
    reason: 'On Linux there is nothing to say; elsewhere no tests run.',
  },
  {
    file: 'src/disk/versions/survey.ts',
    source: 'for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {',
    original: 'pop',
    mutated: 'shift',
    reason: 'Either way parents come before their children.',
  },
  {
    file: 'src/disk/scan/survey.ts',
    source: 'for (const path of names) await this.#visit(path, false);',
    original: 'false',
    mutated: 'true',
    reason: 'They are files, and one that was visited is compared once more.',
  },
  {
    file: 'src/disk/scan/survey.ts',
    source: 'if (this.#slice.isTired) await this.#slice.rest();',
    original: 'await this.#slice.rest()',
    mutated: 'void this.#slice.rest()',
    reason: 'Other work waits longer, and nothing else.',
  },
  {
    file: 'src/disk/fs/block-sums.ts',
    source: 'sums.update(buffer.subarray(0, bytesRead));',
    original: 'buffer.subarray(0, bytesRead)',
    mutated: 'buffer',
    reason: 'Only the last reading is shorter: it ends with the last block, and what comes after that counts nowhere.',
  },
  {
    file: 'src/disk/scan/enter.ts',
    source: 'if (!this.#everything && path !== this.#from && isKnownDir(this.#context, path, stats)) return false;',
    original: 'false',
    mutated: 'true',
    reason: 'A known directory is read again, and has what is known: it costs time only.',
  },
  {
    file: 'src/disk/scan/ordered-rules.ts',
    source: 'next.rule.push(pattern);',
    original: 'push',
    mutated: 'unshift',
    reason: 'The lines of a block do the same, whichever of them matches.',
  },
  {
    file: 'src/disk/state/journal-check.ts',
    source: 'const bytes = Buffer.alloc(16);',
    original: '16',
    mutated: '17',
    reason:
      'Every form of a torn line shows in fewer bytes, and a page that was never written has zeros far beyond either.',
  },
  {
    file: 'src/disk/versions/pruning.ts',
    source: 'if (replaced >= begun - limits.keepMs && left <= this.#most) return false;',
    original: 'false',
    mutated: 'undefined',
    reason: 'A filter takes neither.',
  },
  {
    file: 'src/disk/scan/globstar-rule.ts',
    source: 'if (matcher === null || known.size >= MAX_REMEMBERED) {',
    original: 'matcher === null || known.size >= MAX_REMEMBERED',
    mutated: '(matcher === null)',
    reason: 'It only bounds memory: what was forgotten is found out again.',
  },
  {
    file: 'src/disk/scan/verify.ts',
    source: 'return lstat.isSymbolicLink() && isLinkTo(absolute, entry.target);',
    original: 'lstat.isSymbolicLink() && isLinkTo(absolute, entry.target)',
    mutated: 'isLinkTo(absolute, entry.target)',
    reason: 'What is no link leads nowhere.',
  },
  {
    file: 'src/disk/watch/chokidar.ts',
    source: 'followSymlinks: false,',
    original: 'false',
    mutated: 'true',
    reason:
      'Only what happens in armed directories is told, and a hint too many leads to a scan that finds the same link.',
  },
  {
    file: 'src/disk/scan/verify.ts',
    source: 'if (lstat.size !== entry.size || lstat.size > SMALL_BYTES) return false;',
    original: '||',
    mutated: '&&',
    reason: 'A file of another size has another hash, and a large one is not read by `digestSmall`.',
  },
  {
    file: 'src/disk/events/event-log.ts',
    source: 'if (bytes.length > 0) fs.writeSync(next.fd, bytes);',
    original: '>',
    mutated: '>=',
    reason: 'Nothing that is written is nothing.',
  },
  {
    file: 'src/disk/scan/crash-damage.ts',
    source: "if (node?.type === 'file' && node.hash === hash) damaged.push(path as RelPath);",
    original: 'push',
    mutated: 'unshift',
    reason: 'Each path is judged by itself.',
  },
  {
    file: 'src/sync/session/in-flight.ts',
    source: 'if (unconfirmed.size === 0) return [];',
    original: 'unconfirmed.size === 0',
    mutated: 'false',
    reason: 'Of no paths none are due: it only saves the walk over what is being written.',
  },
  {
    file: 'src/sync/locks/lock-service.ts',
    source: "if (kind === 'expire') return { kind, path, expires: expires ?? 0, current, now };",
    original: '0',
    mutated: '1',
    reason: 'Whoever asks for an expiry says which end is meant.',
  },
  {
    file: 'src/core/listing.ts',
    source: "} else if (fileA !== null) files.push({ path: path as RelPath, entry: fileA, on: 'a' });",
    original: 'push',
    mutated: 'unshift',
    reason: 'The rows are put into their order at the end.',
  },
  {
    file: 'src/core/listing.ts',
    source: "else if (fileB !== null) files.push({ path: path as RelPath, entry: fileB, on: 'b' });",
    original: 'push',
    mutated: 'unshift',
    reason: 'The rows are put into their order at the end.',
  },
  {
    file: 'src/core/listing.ts',
    source:
      "export function countListed(a: Node | null, b: Node | null, is: (name: string) => boolean, name = ''): number {",
    original: "''",
    mutated: "'mutant'",
    reason: 'A root is a directory, and only names of files are asked about.',
  },
  {
    file: 'src/core/path.ts',
    source: "return slash < 0 ? '' : (path.slice(0, slash) as RelPath);",
    original: '0',
    mutated: '1',
    reason: 'No path begins with a slash.',
  },
  {
    file: 'src/core/entry.ts',
    source: 'return x === y || (sameContent(x, y) && sameMetadata(x, y));',
    original: 'x === y || (sameContent(x, y) && sameMetadata(x, y))',
    mutated: '(sameContent(x, y) && sameMetadata(x, y))',
    reason: 'An entry equals itself: it only saves the comparison.',
  },
  {
    file: 'src/core/snapshot.ts',
    source: 'dir.children.set(next === undefined ? detached(ancestor) : ancestor, made);',
    original: 'next === undefined',
    mutated: 'true',
    reason: 'Both are the same name, and where there is one already, the map keeps it.',
  },
  {
    file: 'src/core/locks/move.ts',
    source: "rows.push({ table: 'held', key: String(update.id), value: { ...update, path: to } });",
    original: 'push',
    mutated: 'unshift',
    reason: 'The rows are recorded at once, and the table sorts held updates by their numbers.',
  },
  {
    file: 'src/core/locks/move.ts',
    source: "rows.push({ table: 'waiter', key: String(waiter.id), value: { ...waiter, path: to } });",
    original: 'push',
    mutated: 'unshift',
    reason: 'The rows are recorded at once, and the table sorts waiters by their order.',
  },
  {
    file: 'src/core/snapshot.ts',
    source: 'dir.children.set(next === undefined ? detached(ancestor) : ancestor, made);',
    original: '===',
    mutated: '!==',
    reason: 'Both are the same name; one keeps the path in memory that it is a part of.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'if (o !== null) this.#plan.agreed.push({ path, entry: null });',
    original: 'push',
    mutated: 'unshift',
    reason: 'Each path is noted once, and nothing is noted below one that is gone.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'if (!sameEntry(entryOf(o), entryOf(a))) this.#plan.agreed.push({ path, entry: entryOf(a) });',
    original: 'push',
    mutated: 'unshift',
    reason: 'Each path is noted once, and an entry implies the directories above it.',
  },
  {
    file: 'src/core/conflicts/copy-name.ts',
    source: 'if (x.stamp !== y.stamp) return x.stamp < y.stamp ? -1 : 1;',
    original: '1',
    mutated: '2',
    reason: 'Of a comparison only the sign counts.',
  },
  {
    file: 'src/core/conflicts/copy-name.ts',
    source: 'if (x.stamp !== y.stamp) return x.stamp < y.stamp ? -1 : 1;',
    original: '<',
    mutated: '<=',
    reason: 'They are not equal here.',
  },
  {
    file: 'src/core/locks/release.ts',
    source: 'if (oldest !== undefined && table.notices.size >= MAX_NOTICES) {',
    original: 'oldest !== undefined && table.notices.size >= MAX_NOTICES',
    mutated: '(table.notices.size >= MAX_NOTICES)',
    reason: 'A table with that many has an oldest.',
  },
  {
    file: 'src/core/delta.ts',
    source: 'const size = contentOf(change)?.size ?? 0;',
    original: '0',
    mutated: '1',
    reason: 'Both are far below the smallest size that counts.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const change of trial.toA) this.#plan.toA.push(change);',
    original: 'push',
    mutated: 'unshift',
    reason: 'Every plan is put into its order at the end.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const change of trial.toB) this.#plan.toB.push(change);',
    original: 'push',
    mutated: 'unshift',
    reason: 'Every plan is put into its order at the end.',
  },
  {
    file: 'src/sync/locks/waiters.ts',
    source: "ask.wait?.signal.addEventListener('abort', onAbort, { once: true });",
    original: 'true',
    mutated: 'false',
    reason: 'A signal is aborted once.',
  },
  {
    file: 'src/sync/session/flushes.ts',
    source: "signal.addEventListener('abort', onAbort, { once: true });",
    original: 'true',
    mutated: 'false',
    reason: 'A signal is aborted once.',
  },
  {
    file: 'src/sync/files/write-steps.ts',
    source: 'saving.push(promise);',
    original: 'push',
    mutated: 'unshift',
    reason: 'All of them are waited for; none has a place.',
  },
  {
    file: 'src/sync/files/write-steps.ts',
    source: "if (event.side === 'b' || local === null || replica === null || pair.b.snapshot === null) return null;",
    original: "event.side === 'b' || local === null",
    mutated: '(local === null)',
    reason: 'What was done on side b is there already, and nothing of it is left to pass on.',
  },
  {
    file: 'src/sync/files/delete.ts',
    source: 'changes.push(deletion(path, entryOf(node)));',
    original: 'push',
    mutated: 'unshift',
    reason: 'They are put into their order afterwards.',
  },
  {
    file: 'src/sync/session/scan-queue.ts',
    source: 'this.#waiters = [];',
    original: 'this.#waiters = [];',
    mutated: ';',
    reason: 'Who has been told once hears nothing of being told again.',
  },
  {
    file: 'src/sync/locks/expiry.ts',
    source: 'this.#timers.delete(path);',
    original: 'this.#timers.delete(path);',
    mutated: ';',
    reason: 'It is cancelled, and another one takes its place.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: "if (marks !== null && path !== '' && !marks.here) {",
    original: "''",
    mutated: "'mutant'",
    reason: 'Of the root nothing is compared but what is in it, which both ways do.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'const known = o !== null && sameContent(o, a) ? o : null;',
    original: 'o !== null && sameContent(o, a)',
    mutated: 'sameContent(o, a)',
    reason: 'Side a has something here: it is not the same as nothing.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const conflict of trial.conflicts) this.#plan.conflicts.push(conflict);',
    original: 'push',
    mutated: 'unshift',
    reason: 'They are looked up by their paths.',
  },
  {
    file: 'src/core/reconcile/reconcile.ts',
    source: 'for (const note of trial.agreed) this.#plan.agreed.push(note);',
    original: 'push',
    mutated: 'unshift',
    reason: 'Each path is noted once.',
  },
  {
    file: 'src/core/locks/release.ts',
    source: "rows.push({ table: 'notice', key: String(oldest), value: null });",
    original: 'push',
    mutated: 'unshift',
    reason: 'The oldest notice is another one than the new.',
  },
  {
    file: 'src/core/iso-time.ts',
    source: 'if (days.size >= DAYS) days.clear();',
    original: 'days.size >= DAYS',
    mutated: 'true',
    reason: 'It costs time only.',
  },
  {
    file: 'src/core/iso-time.ts',
    source: 'if (text === undefined) {',
    original: 'text === undefined',
    mutated: 'true',
    reason: 'It costs time only.',
  },
  {
    file: 'src/core/system-error.ts',
    source: "return trouble('io-error', /^E[A-Z0-9]+$/.test(code ?? '') ? code! : message.replace(/\\.$/, ''));",
    original: "''",
    mutated: "'mutant'",
    reason: 'Neither is a code of the system.',
  },
  {
    file: 'src/sync/who-may.ts',
    source: 'if (canIdentifyOwners || secret !== undefined || allowLocal === true) return;',
    original: 'canIdentifyOwners || secret !== undefined || allowLocal === true',
    mutated: 'true',
    reason: 'Linux always tells; elsewhere no tests run.',
  },
  {
    file: 'src/sync/who-may.ts',
    source: 'if (canIdentifyOwners || secret !== undefined || allowLocal === true) return;',
    original: '||',
    mutated: '&&',
    reason: 'Linux always tells; elsewhere no tests run.',
  },
  {
    file: 'src/sync/files/write-queue.ts',
    source: 'const isAsked = (path: RelPath) => ask.deep === true && ask.paths.some((top) => isAtOrBelow(path, top));',
    original: 'some',
    mutated: 'every',
    reason: 'What is looked at once more is what was asked for, and was let through.',
  },
  {
    file: 'src/sync/peer/replica-server.ts',
    source: 'apply.then(over, over);',
    original: 'apply.then(over, over);',
    mutated: ';',
    reason: 'What has ended is waited for in no time; only memory is kept.',
  },
  {
    file: 'src/sync/session/recorder.ts',
    source: "if (side === 'b' && (pair.b.snapshot?.weight ?? 0) > MAX_SIDE_BYTES) {",
    original: '0',
    mutated: '1',
    reason: 'Both are far below the limit.',
  },
  {
    file: 'src/sync/pair/pair.ts',
    source: 'generation = 1;',
    original: '1',
    mutated: '2',
    reason: 'Generations are only compared with each other.',
  },
  {
    file: 'src/sync/peer/connection-pool.ts',
    source: 'const connection = this.#idle.pop() ?? (await this.#openConnection());',
    original: 'pop',
    mutated: 'shift',
    reason: 'One idle connection is as good as another.',
  },
  {
    file: 'src/sync/peer/contents-client.ts',
    source: '() => connection.close(),',
    original: 'connection.close()',
    mutated: 'undefined',
    reason: 'A source that fails ends its call, and the connection of a call that failed is closed.',
  },
  {
    file: 'src/sync/locks/journal.ts',
    source: 'if (value === null) rows.delete(key);',
    original: 'value === null',
    mutated: 'false',
    reason: 'A row of nothing says what no row says.',
  },
  {
    file: 'src/disk/state/store.ts',
    source: 'this.#writeScheduled = true;',
    original: 'this.#writeScheduled = true;',
    mutated: ';',
    reason: 'The first of several turns writes everything, and the others find nothing left.',
  },
  {
    file: 'src/disk/state/journal-check.ts',
    source: 'const begun = bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, at));',
    original: 'bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, at))',
    mutated: 'bytes',
    reason: 'Zeros come after what was read, and every form of a torn line may end in zeros.',
  },
  {
    file: 'src/disk/fs/own-directory.ts',
    source: "return below === '' ? this.#name : joinPath(this.#name, below);",
    original: "''",
    mutated: "'mutant'",
    reason: 'A name with a slash at its end is that of the same directory.',
  },
  {
    file: 'src/disk/scan/ignore-rules.ts',
    source: 'if (this.#matcher === null || ++this.#asked > MAX_REMEMBERED) {',
    original: '>',
    mutated: '>=',
    reason: 'It only bounds memory: what was forgotten is found out again.',
  },
  {
    file: 'src/disk/apply/apply.ts',
    source: "return from !== undefined && after?.type === 'file' && !sameEntry(from.entry, after);",
    original: "from !== undefined && after?.type === 'file'",
    mutated: '(from !== undefined)',
    reason: 'Only a file has another state after its rename.',
  },
  {
    file: 'src/disk/fs/digest.ts',
    source: 'const CHUNKS_A_CHECK = 16;',
    original: '16',
    mutated: '17',
    reason: 'It costs time only: a file that has changed is read a little further.',
  },
  {
    file: 'src/disk/events/segments.ts',
    source: "const names = directory.use('.', (absolute) => fs.readdirSync(absolute));",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/local-replica.ts',
    source: "const free = () => this.#state.staging.use('.', freeBytes);",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/state/state-directory.ts',
    source: "for (const name of staging.use('.', (absolute) => fs.readdirSync(absolute))) {",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/staging/partials.ts',
    source: ".use('.', (absolute) => fs.readdirSync(absolute))",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/staging/partials.ts',
    source: "const { bavail, bsize } = directory.use('.', (absolute) => fs.statfsSync(absolute));",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/fs/own-directory.ts',
    source: "fs.accessSync(this.#spell('.'), fs.constants.W_OK | fs.constants.X_OK);",
    original: "'.'",
    mutated: "''",
    reason: 'Both are paths of the directory itself.',
  },
  {
    file: 'src/disk/scan/trigger.ts',
    source: 'if (!slice.isTired) continue;',
    original: '!slice.isTired',
    mutated: 'slice.isTired',
    reason: 'It costs time only: other work is let in too often, or too late.',
  },
  {
    file: 'src/disk/content/open-file.ts',
    source: "const { code = '' } = error as NodeJS.ErrnoException;",
    original: "''",
    mutated: "'mutant'",
    reason: 'Neither is a code of the system.',
  },
  {
    file: 'src/disk/content/rolling-crc.ts',
    source: 'if (!index.has(whole)) return false;',
    original: '!index.has(whole)',
    mutated: 'false',
    reason: 'It costs time only: `find` compares both checksums.',
  },
  {
    file: 'src/disk/content/match-blocks.ts',
    source: 'let block = -1;',
    original: '1',
    mutated: '2',
    reason: 'Every number below 0 is no block.',
  },
];

const known = new Set(EQUIVALENT.map((row) => keyOf(row.file, row)));

export const isEquivalent = (file: string, place: Omit<Shown, 'line'>): boolean => known.has(keyOf(file, place));

/**
 * The code moves on, and a row that no longer fits only seems to judge it.
 * @param directory what the rows are about, such as `src/core/`.
 * @param made all mutants there.
 * @returns the rows that are about no mutant any more.
 */
export function outdated(
  directory: string,
  made: readonly { readonly file: string; readonly place: Omit<Shown, 'line'> }[],
  rows: readonly Equivalent[] = EQUIVALENT,
): Equivalent[] {
  const keys = new Set(made.map(({ file, place }) => keyOf(file, place)));
  return rows.filter((row) => row.file.startsWith(directory) && !keys.has(keyOf(row.file, row)));
}

function keyOf(file: string, { source, original, mutated }: Omit<Shown, 'line'>): string {
  return [file, source, original, mutated].join('\n');
}
