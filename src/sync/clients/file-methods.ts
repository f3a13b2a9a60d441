// The client methods for whole files: upload, download, rename, delete.
import { SyncError } from '../../core/errors.js';
import type { RelPath } from '../../core/path.js';
import type { Acted, ClientMethods, Refused, Target } from '../../wire/client-api/methods.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import type { FilesContext } from '../files/context.js';
import { deletePath } from '../files/delete.js';
import { download } from '../files/download.js';
import { renamePath } from '../files/rename.js';
import type { Restoring } from '../files/restore-version.js';
import { TransferLimit } from '../files/transfer-limit.js';
import { upload } from '../files/upload.js';
import { refused } from '../locks/answers.js';

/** The most targets of one request that are deleted at one time. */
const DELETED_AT_ONCE = 8;

type Of<M extends keyof ClientMethods> = (params: ClientMethods[M]['params'], call: IncomingCall) => Promise<object>;

/** @returns the handlers, by method. */
export function fileHandlers(
  context: FilesContext,
  pathOf: (target: Target) => RelPath,
  versions: Pick<Restoring, 'open'>,
): { readonly [M in 'upload' | 'download' | 'rename' | 'delete']: Of<M> } {
  const limit = new TransferLimit();
  return {
    upload: (params, call) => upload(context, params, call, limit),
    download: ({ target, ...rest }, call) =>
      limit.run(call.connection, () => download(context, pathOf(target), rest, call, versions)),
    rename: ({ target, to, owner, overwrite = false }) =>
      renamePath(context, { from: pathOf(target), to: to as RelPath, owner, overwrite }),
    delete: async ({ targets: wanted, owner, recursive = false }) => {
      // Numbers refer to one listing, so all are resolved before anything changes it.
      const jobs = wanted.map((target) => {
        try {
          const path = pathOf(target);
          return () => deletePath(context, path, owner, recursive).catch((error) => asRefused(path, error));
        } catch (error) {
          const refusal = asRefused('path' in target ? target.path : `${target.index}`, error);
          return async () => refusal;
        }
      });
      return { targets: await someAtOnce<Acted | Refused>(jobs) };
    },
  };
}

/** @returns the error as the answer for one target. @throws anything that is not a SyncError. */
function asRefused(path: string, error: unknown): Refused {
  if (error instanceof SyncError) return refused(path, error);
  throw error;
}

async function someAtOnce<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < jobs.length) {
      const n = next++;
      results[n] = await jobs[n]!();
    }
  };
  await Promise.all(Array.from({ length: Math.min(DELETED_AT_ONCE, jobs.length) }, worker));
  return results;
}
