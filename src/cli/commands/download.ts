// `client download TARGET [DEST]`: copies a file from the pair. An interrupted download is kept and resumed.

import type { Downloaded } from '../../client/download.js';
import { SyncError } from '../../core/errors.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { openBar } from '../progress-bar.js';
import { sizeText } from '../render/size.js';
import { shownName } from '../render/width.js';
import { LOOK_AFTER_IT, usageError } from '../report-error.js';
import { listedPaths, onOneTarget } from '../target/one-target.js';

export interface DownloadFlags {
  readonly overwrite?: boolean;
}

export async function download(
  context: CommandContext,
  text: string,
  destination: string | undefined,
  flags: DownloadFlags,
): Promise<number> {
  if (destination === '')
    throw usageError(
      'The destination of the download is empty.',
      'Name a file or a directory, or leave it out: then it goes here.',
    );
  const api = await context.api();
  const bar = openBar(context.progress, text);
  let done: Downloaded;
  try {
    done = await onOneTarget(context, text, listedPaths(context), (target) =>
      api.download(target, destination ?? '.', {
        overwrite: flags.overwrite === true,
        signal: context.signal,
        onProgress: ({ bytes, size }) => bar.update(bytes, size),
      }),
    );
  } catch (error) {
    throw withRemainder(error);
  } finally {
    bar.stop();
  }
  context.out(context.json ? `${JSON.stringify({ ...done, changed: true })}\n` : `${downloadedText(done)}\n`);
  return EXIT_OK;
}

function downloadedText({ path, to, size, resumed }: Downloaded): string {
  const before = resumed === 0 ? '' : `, ${sizeText(resumed)} of them from an earlier download`;
  return `Downloaded ${shownName(path)} to ${shownName(to)} (${sizeText(size)}${before}).`;
}

/** @returns the error with the place of the received part. */
function withRemainder(error: unknown): unknown {
  if (!(error instanceof SyncError) || typeof error.facts.partial !== 'string') return error;
  const { code, message, facts } = error;
  const kept = `${sizeText(Number(facts.bytes))} are kept as ${shownName(String(facts.partial))}`;
  const again = code === 'closed' ? `${LOOK_AFTER_IT}: ` : '';
  const hint = `${again}${kept}; the same command goes on from there.`;
  return new SyncError(code, message, { hint, facts, cause: error });
}
