// `client upload FILE [AS]`: uploads a local file.
import path from 'node:path';
import { SyncError } from '../../core/errors.js';
import { parsePath } from '../../core/path.js';
import type { Acted } from '../../wire/client-api/methods.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { openBar } from '../progress-bar.js';
import { sizeText } from '../render/size.js';
import { shownName } from '../render/width.js';
import { LOOK_AFTER_IT, usageError } from '../report-error.js';
import { pairPath } from '../target/target.js';

export interface UploadFlags {
  readonly overwrite?: boolean;
}

export async function upload(
  context: CommandContext,
  file: string,
  as: string | undefined,
  flags: UploadFlags,
): Promise<number> {
  if (file === '') throw usageError('The name of the file to upload is empty.', 'Name a file of this machine.');
  const name = path.basename(file);
  if (name === '' || name === '.' || name === '..')
    throw usageError(`"${file}" is a directory; an upload takes one file.`);
  const isInto = as === undefined || /\/$/.test(as) || as === '.';
  const place = parsePath(as === undefined ? name : isInto ? joined(as, name) : pairPath(as));
  const api = await context.api();
  const bar = openBar(context.progress, name);
  let acted: Acted;
  let isAllSent = false;
  try {
    acted = await api.upload(file, place, {
      ...(isInto ? {} : { name }),
      overwrite: flags.overwrite === true,
      signal: context.signal,
      onProgress: ({ bytes, size }) => {
        isAllSent = bytes >= size;
        bar.update(bytes, size);
      },
    });
  } catch (error) {
    throw cutShort(error, name, isAllSent);
  } finally {
    bar.stop();
  }
  context.out(context.json ? `${JSON.stringify(acted)}\n` : `${uploadedText(acted, file)}\n`);
  return EXIT_OK;
}

/** Whether a name such as `docs/` or `./` is a directory of the pair. */
function joined(directory: string, name: string): string {
  const below = pairPath(directory);
  return below === '' || below === '.' ? name : `${below}/${name}`;
}

/** @returns the error with the state of an interrupted upload; it is unknown once everything was sent. */
function cutShort(error: unknown, name: string, isAllSent: boolean): unknown {
  if (!(error instanceof SyncError) || (error.code !== 'interrupted' && error.code !== 'closed')) return error;
  const { code, facts } = error;
  const message = code === 'closed' ? error.message : `The upload of ${shownName(name)} was interrupted.`;
  const result = isAllSent ? 'All of it was sent: check with "client list".' : 'Nothing was uploaded.';
  const again = code === 'closed' ? `${LOOK_AFTER_IT}; it starts again.` : 'The next try starts again.';
  return new SyncError(code, message, { hint: `${result} ${again}`, facts, cause: error });
}

function uploadedText({ path: place, changed, created, size }: Acted, file: string): string {
  const to = shownName(place);
  if (!changed) return `${to} has the content of ${shownName(file)} already.`;
  const before = created === true ? '' : '; what was there before is among the versions now';
  return `Uploaded ${shownName(file)} as ${to} (${sizeText(Number(size))})${before}.`;
}
