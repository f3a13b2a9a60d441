// Sends files to clients. A reader gets one version from beginning to end. A file of side a is held open; a file that
// only side b has, or that a holder of a lock on side b has, is read through the replica. Downloads wait for no lock
// and no scan.

import { createHash } from 'node:crypto';
import { setTimeout as passed } from 'node:timers/promises';
import { advise } from '../../core/advice.js';
import { CONTENT_HASH, type Entry, type FileEntry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { quote, type RelPath, type Side } from '../../core/path.js';
import type { Content, Wanted } from '../../replica.js';
import type { ClientMethods } from '../../wire/client-api/methods.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import { iso } from '../locks/answers.js';
import type { FilesContext } from './context.js';
import { ignored, isAway, noSuchFile } from './refusals.js';
import type { Restoring } from './restore-version.js';
import type { Piece, Source } from './source.js';
import { onlyInB, onSideB } from './write.js';

/**
 * Pieces that may be on their way to one reader: enough to keep it busy, and little memory where there are many
 * readers.
 */
const WINDOW = 3;

/**
 * How long a download waits for a change on side b to become known, in milliseconds: the first and the last delay.
 */
const FIRST_WAIT_MS = 10;
const LAST_WAIT_MS = 320;

type DownloadParams = Omit<ClientMethods['download']['params'], 'target'>;
type Downloaded = ClientMethods['download']['result'];

/** A piece that a replica has read. */
type Read = Extract<Content, { readonly data: Buffer }>;

/**
 * Sends the file at `path`.
 * @throws SyncError `not-found`; `usage` for a directory; `failed` for a link, or where only server-b has the file and
 *   is disconnected; `busy` where the file keeps changing.
 */
export async function download(
  context: FilesContext,
  path: RelPath,
  { from = 0, hash, ...which }: DownloadParams,
  call: IncomingCall,
  versions: Pick<Restoring, 'open'>,
): Promise<Downloaded> {
  const had = (file: FileEntry) => (hash === file.hash && from <= file.size ? from : 0);
  const source = await sourceFor(context, path, which, had, versions);
  try {
    const { file } = source;
    const start = had(file);
    const { size, mode } = file;
    await call.notify('file', { path, size, mtime: iso(file.mtime / 1000), mode, hash: file.hash, from: start });
    await send(source.pieces(start), call);
    return { path, size, hash: file.hash };
  } finally {
    source.close();
  }
}

/** Sends pieces, at most WINDOW ahead of the reader. */
async function send(pieces: AsyncIterable<Piece>, call: IncomingCall): Promise<void> {
  let onTheWay = 0;
  let isOver = false;
  let wake = () => {};
  void call.connection.closed.then(() => {
    isOver = true;
    wake();
  });
  for await (const { data, release } of pieces) {
    // A reader that has closed its sending direction still reads; one that cancelled does not.
    if (call.signal.aborted && (call.signal.reason as SyncError).code === 'interrupted') throw call.signal.reason;
    onTheWay++;
    await call.notify('content', {}, data, () => {
      release?.();
      onTheWay--;
      wake();
    });
    while (onTheWay >= WINDOW && !isOver) await new Promise<void>((resolve) => (wake = resolve));
  }
}

/** Opens what is wanted: an earlier version, the present file of one side, or the one that counts. */
function sourceFor(
  context: FilesContext,
  path: RelPath,
  { at, side, where }: Omit<DownloadParams, 'from' | 'hash'>,
  had: (file: FileEntry) => number,
  versions: Pick<Restoring, 'open'>,
): Promise<Source> {
  if (at !== undefined) return versions.open(path, { at });
  if (side !== undefined && where !== undefined) return versions.open(path, { side, where });
  return side === undefined ? sourceOf(context, path, had) : sourceOnSide(context, path, side, had);
}

async function sourceOnSide(
  { pair, local, ...context }: FilesContext,
  path: RelPath,
  side: Side,
  had: (file: FileEntry) => number,
): Promise<Source> {
  if (pair[side].rules.ignores(path, false)) throw ignored(path);
  if (side === 'a') {
    const open = await local.open(path);
    if (open !== null) return open;
  }
  const entry = side === 'a' ? pair.entry('a', path) : onSideB(pair, path);
  if (entry?.type === 'dir') throw isDirectory(path);
  if (entry?.type === 'symlink') throw isLink(path, entry.target);
  if (entry === null || side === 'a') throw notOnSide(path, side);
  if (context.replica('b') === null) throw isAway(path);
  return fromB({ pair, local, ...context }, path, entry, had(entry));
}

/**
 * Opens the source. A file that side b replaced before it was open is known to have changed a moment later: then it is
 * decided again.
 */
async function sourceOf(...asked: Parameters<typeof sourceNow>): Promise<Source> {
  for (let wait = FIRST_WAIT_MS; ; wait *= 2) {
    try {
      return await sourceNow(...asked);
    } catch (error) {
      if ((error as SyncError).code !== 'busy' || wait > LAST_WAIT_MS) throw error;
      await passed(wait);
    }
  }
}

/**
 * Chooses the side of the lock for a locked file, as the listing does; otherwise the newest version that can be read.
 */
async function sourceNow(context: FilesContext, path: RelPath, had: (file: FileEntry) => number): Promise<Source> {
  const { pair, lockState, local, replica } = context;
  if (pair.a.rules.ignores(path, false)) throw ignored(path);
  const onA = pair.entry('a', path);
  const onB = onSideB(pair, path);
  const holder = lockState.table.locks.get(path)?.side;
  const isHere = replica('b') !== null;
  if (isHere && onB?.type === 'file' && isFromB(onA, onB, pair.shared(path), holder)) {
    try {
      return await fromB(context, path, onB, had(onB));
    } catch (error) {
      // Side b has just replaced it; the file of side a is a whole version, too, and no older than any other that can
      // be read.
      if (holder === 'b' || (error as SyncError).code !== 'busy') throw error;
    }
  }
  const open = await local.open(path);
  if (open !== null) return open;
  if (onA?.type === 'dir' || onB?.type === 'dir') throw isDirectory(path);
  const link = [onA, onB].find((entry) => entry?.type === 'symlink');
  if (link?.type === 'symlink') throw isLink(path, link.target);
  if (onB?.type !== 'file' || (onA === null && onlyInB(pair, path) === null)) throw noSuchFile(path);
  if (!isHere) throw isAway(path);
  return fromB(context, path, onB, had(onB));
}

function isFromB(onA: Entry | null, onB: FileEntry, shared: Entry | null, holder: 'a' | 'b' | undefined): boolean {
  if (onA?.type !== 'file' || sameContent(onA, onB)) return false;
  // The file on side b is the last shared one, so the file of side a is about to replace it, whatever the times are.
  if (sameContent(onB, shared)) return false;
  return holder === undefined ? onB.mtime > onA.mtime : holder === 'b';
}

/**
 * Opens the file of side b by reading its first piece: from then on it stays open there, whatever happens to its name.
 */
async function fromB({ replica }: FilesContext, path: RelPath, file: FileEntry, from: number): Promise<Source> {
  const source = replica('b');
  if (source === null) throw isAway(path);
  const wanted: Wanted = from === 0 ? { path, file } : { path, file, offer: { have: from, base: null } };
  const contents = source.read([wanted])[Symbol.asyncIterator]();
  const close = () => void contents.return?.().catch(() => {}); // nobody needs its result
  const next = async (): Promise<Read | null> => {
    for (;;) {
      const { value, done } = await contents.next();
      if (done) return null;
      if ('failed' in value) throw changedInB(path);
      if ('data' in value) return value; // otherwise it is what the reader has already
    }
  };
  try {
    const first = await next();
    if (first?.last && from === 0 && hashOf(first.data) !== file.hash) throw changedInB(path);
    return { file, close, pieces: () => piecesOf(path, file.size - from, first, next) };
  } catch (error) {
    close();
    throw error;
  }
}

async function* piecesOf(
  path: RelPath,
  size: number,
  first: Read | null,
  next: () => Promise<Read | null>,
): AsyncGenerator<Piece> {
  let bytes = 0;
  for (let piece = first; piece !== null; piece = await next()) {
    bytes += piece.data.length;
    if (bytes > size) throw changedInB(path);
    if (piece.data.length > 0) yield piece;
  }
  if (bytes !== size) throw changedInB(path);
}

const hashOf = (data: Buffer): string => createHash(CONTENT_HASH).update(data).digest('hex');

const isDirectory = (path: RelPath): SyncError =>
  new SyncError('usage', `${quote(path)} is a directory, and downloads are of files.`, {
    advice: advise`See the files in it with: ${{ do: 'find', files: `${path}/**` }}`,
  });

const notOnSide = (path: RelPath, side: Side): SyncError =>
  new SyncError('not-found', `Side ${side} has no file ${quote(path)}.`, {
    advice: advise`See where it is with: ${{ do: 'find', files: path }}`,
  });

const isLink = (path: RelPath, target: string): SyncError =>
  new SyncError('failed', `${quote(path)} is a symbolic link to ${quote(target)}, and links are not followed.`, {
    hint: 'Download the file that it points to.',
    facts: { link: target },
  });

const changedInB = (path: RelPath): SyncError =>
  new SyncError('busy', `${quote(path)} has just changed on side b, so this version cannot be read to its end.`, {
    hint: 'Try again.',
  });
