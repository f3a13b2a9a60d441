// `client upload FILE [AS]`, `upload FILE… DIR/`: uploads local files, directories with --recursive, or stdin.
import { SyncError } from '../../../core/errors.js';
import { sizeText } from '../../../core/size-text.js';
import type { Acted } from '../../../wire/client-api/methods.js';
import type { CommandContext } from '../../context.js';
import { openBar } from '../../progress-bar.js';
import { shownName } from '../../render/width.js';
import { LOOK_AFTER_IT, usageError } from '../../report-error.js';
import { type Job, refusedJob, runEach, type Told } from './each.js';
import { stored } from './stdin.js';
import { plannedUploads, STDIN, type Upload } from './upload-plan.js';

export interface UploadFlags {
  readonly overwrite?: boolean;
  readonly recursive?: boolean;
}

export async function upload(context: CommandContext, words: readonly string[], flags: UploadFlags): Promise<number> {
  const planned = plannedUploads(words, flags.recursive === true);
  return runEach(
    context,
    planned.map((one) => jobFor(context, one, flags)),
  );
}

function jobFor(context: CommandContext, planned: Upload, flags: UploadFlags): Job {
  if ('refused' in planned) return refusedJob(planned.path, planned.refused);
  if (planned.kind === 'empty') return { path: planned.path, run: async () => emptyDirectory(planned) };
  return { path: planned.path, run: () => send(context, planned, flags) };
}

type Sent = Extract<Upload, { kind: 'file' }>;

async function send(context: CommandContext, { file, path, name }: Sent, flags: UploadFlags): Promise<Told> {
  const api = await context.api();
  const shown = file === STDIN ? path : (name ?? path.slice(path.lastIndexOf('/') + 1));
  const content = file === STDIN ? await stdinOf(context) : null;
  const bar = openBar(context.progress, shown);
  let isAllSent = false;
  try {
    const acted: Acted = await api.upload(content === null ? file : content.pieces(), path, {
      ...(name === undefined ? {} : { name }),
      ...(content === null ? {} : { size: content.size }),
      overwrite: flags.overwrite === true,
      signal: context.signal,
      onProgress: ({ bytes, size }) => {
        isAllSent = bytes >= size;
        bar.update(bytes, size);
      },
    });
    return { object: acted, text: uploadedText(acted, file === STDIN ? 'stdin' : file) };
  } catch (error) {
    throw cutShort(error, shown, isAllSent);
  } finally {
    bar.stop();
    await content?.close();
  }
}

async function stdinOf(context: CommandContext) {
  if (context.readsLines === true)
    throw usageError('Stdin has the lines of the shell here.', 'Name a file, or run "client upload - AS" by itself.');
  return stored(context.stdin(), context.signal);
}

const emptyDirectory = ({ file, path }: { file: string; path: string }): Told => ({
  object: { path, changed: false, type: 'dir' },
  text: `${shownName(file)} is an empty directory, and directories are made with their first file.`,
});

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
