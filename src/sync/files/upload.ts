// Receives files from clients. An upload is refused before any content is sent, where that can be known. The content
// goes into the staging of side a, is verified there, and gets its name by a client write.

import { advise } from '../../core/advice.js';
import type { FileEntry } from '../../core/entry.js';
import { type Entry, sameContent } from '../../core/entry.js';
import { SyncError } from '../../core/errors.js';
import { joinPath, parsePath, quote, type RelPath } from '../../core/path.js';
import { reasonOf } from '../../core/system-error.js';
import type { IncomingUpload } from '../../disk/apply/incoming-upload.js';
import { microseconds } from '../../disk/fs/signature.js';
import type { Acted, ClientMethods } from '../../wire/client-api/methods.js';
import { contentParams } from '../../wire/client-api/params.js';
import { UPLOAD_PACE } from '../../wire/frame/limits.js';
import { releaseOf } from '../../wire/frame/payload-pool.js';
import { checkParams } from '../../wire/rpc/params.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import type { FilesContext } from './context.js';
import { SenderPace } from './pace.js';
import type { TransferLimit } from './transfer-limit.js';
import { missingParents, onlyInB, standingAt, type WriteStep } from './write.js';

const DEFAULT_MODE = 0o644;

type UploadParams = ClientMethods['upload']['params'];

/**
 * Receives a file from a client.
 * @throws SyncError `exists`, `locked`, `bad-path`, `halted`, `failed`; `timeout` where the client is too slow,
 *   `closed` or `interrupted` where it ended the upload. Nothing of the file is left then.
 */
export async function upload(
  context: FilesContext,
  params: UploadParams,
  call: IncomingCall,
  limit: TransferLimit,
): Promise<Acted> {
  const incoming = call.incoming[Symbol.asyncIterator]();
  const target = new UploadTarget(context, params);
  const { path, standing } = await target.ask();
  const { size, mtime, mode = standing?.type === 'file' ? standing.mode : DEFAULT_MODE } = params;
  const micros = microseconds(mtime === undefined ? Date.now() : Date.parse(mtime));
  // An upload without a decision has no open file and does not count.
  return limit.run(call.connection, async () => {
    const received = context.local.receive({ type: 'file', size, mtime: micros, mode });
    try {
      await call.notify('ready', { path });
      const file = await receive(received, incoming, path, size);
      return await target.write(path, file, received);
    } finally {
      received.discard();
    }
  });
}

/** Decides where an upload goes, and whether it may. */
class UploadTarget {
  readonly #context: FilesContext;
  readonly #params: UploadParams;

  constructor(context: FilesContext, params: UploadParams) {
    this.#context = context;
    this.#params = params;
  }

  /** Scans and decides as the write will do later, before any content is sent. */
  async ask(): Promise<{ path: RelPath; standing: Entry | null }> {
    const { writes } = this.#context;
    let path = this.#params.path as RelPath;
    let standing: Entry | null = null;
    const ask = () =>
      writes.ask({
        owner: this.#params.owner,
        paths: [path],
        decide: () => {
          standing = this.#standingAt(path);
          if (standing?.type !== 'dir' || this.#params.name === undefined) this.#refuse(path, standing);
          return [];
        },
      });
    await ask();
    if (this.#params.name !== undefined && this.#isDirectory(standing)) {
      path = parsePath(joinPath(path, this.#params.name));
      await ask();
      this.#refuse(path, standing);
    }
    return { path, standing };
  }

  #isDirectory = (entry: Entry | null): boolean => entry?.type === 'dir';

  #standingAt(path: RelPath): Entry | null {
    return standingAt(this.#context.pair, path).entry;
  }

  #refuse(path: RelPath, standing: Entry | null): void {
    missingParents(path, (at) => this.#context.pair.entry('a', at));
    if (standing?.type === 'dir') {
      throw new SyncError('exists', `${quote(path)} is a directory, and a file cannot take its place.`, {
        hint: `To put the file into it, end the name with a slash: ${path}/`,
      });
    }
    const { replaces, overwrite } = this.#params;
    if (replaces !== undefined) {
      if (standing?.type !== 'file' || standing.hash !== replaces) throw isAnother(path, standing);
    } else if (standing !== null && overwrite !== true) {
      throw new SyncError('exists', `${quote(path)} exists already.`, {
        advice: advise`Choose another name, or add ${{ do: 'overwrite' }}: what is there goes to versions.`,
      });
    }
  }

  /** Gives the received content its name. */
  async write(path: RelPath, file: FileEntry, received: IncomingUpload): Promise<Acted> {
    const { writes, pair, local } = this.#context;
    const done = await writes.ask({
      owner: this.#params.owner,
      paths: [path],
      decide: (at) => {
        this.#refuse(path, this.#standingAt(path));
        const before = at(path);
        if (sameContent(before, file)) return [];
        const change = { path, action: before === null ? 'created' : 'modified', before, after: file } as const;
        const publish: WriteStep['publish'] = (final) => local.publish(final, received);
        // A file that only side b has is the one to overwrite.
        const over = onlyInB(pair, path) !== null;
        return [...missingParents(path, at), { change, publish, over }];
      },
    });
    const created = done.at(-1)?.action === 'created';
    return { path, changed: done.length > 0, created, size: file.size, hash: file.hash };
  }
}

/**
 * Receives the pieces. @throws SyncError `failed` where the content is not the announced one.
 */
async function receive(
  received: IncomingUpload,
  incoming: AsyncIterator<{ method: string; params: unknown; payload: Buffer | null }, undefined>,
  path: RelPath,
  size: number,
): Promise<FileEntry> {
  const pace = new SenderPace(UPLOAD_PACE, 'the content');
  for (;;) {
    const { value } = await pace.next(incoming.next());
    if (value?.method !== 'content') throw broken('Something else than content came');
    const { last = false, hash = '' } = checkParams(contentParams, value.params) as { last?: boolean; hash?: string };
    const data = value.payload ?? Buffer.alloc(0);
    pace.came(data.length);
    if (received.bytes + data.length > size) throw broken(`More came than the ${size} bytes announced`);
    await orRefuse(path, () => received.take(data, last));
    releaseOf(data)?.();
    if (!last) continue;
    const file = await orRefuse(path, () => received.finish(hash));
    if (file === null) throw broken(`What came is not the content of ${size} bytes and that hash`);
    return file;
  }
}

async function orRefuse<T>(path: RelPath, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new SyncError('failed', `${quote(path)} cannot be taken in on side a: ${reasonOf(error)}.`, {
      hint: 'Nothing was changed.',
    });
  }
}

const isAnother = (path: RelPath, standing: Entry | null): SyncError =>
  standing === null
    ? new SyncError('not-found', `${quote(path)} is not there any more, so it is not replaced.`)
    : new SyncError('exists', `${quote(path)} has changed since you saw it, so it is not replaced.`, {
        hint: 'See what it has now, then decide.',
      });

const broken = (what: string): SyncError =>
  new SyncError('failed', `${what}; nothing was changed.`, { hint: 'Try again; the file may have changed meanwhile.' });
