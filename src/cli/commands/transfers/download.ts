// `client download TARGET [DEST]`, `download TARGET… DIR/`: copies files from the pair, directories with --recursive, or
// one file to stdout. An interrupted download is kept and resumed.

import fs from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Downloaded } from '../../../client/download.js';
import { SyncError } from '../../../core/errors.js';
import { quote } from '../../../core/path.js';
import { sizeText } from '../../../core/size-text.js';
import { reasonOf } from '../../../core/system-error.js';
import type { CommandContext } from '../../context.js';
import { openBar } from '../../progress-bar.js';
import { shownName } from '../../render/width.js';
import { LOOK_AFTER_IT, usageError } from '../../report-error.js';
import { listedPaths, orGone } from '../../target/one-target.js';
import { type Download, plannedDownloads, STDOUT } from './download-plan.js';
import { type Job, refusedJob, runEach, type Told } from './each.js';

export interface DownloadFlags {
  readonly overwrite?: boolean;
  readonly recursive?: boolean;
}

type Wanted = Exclude<Download, { refused: unknown }>;

export async function download(
  context: CommandContext,
  words: readonly string[],
  flags: DownloadFlags,
): Promise<number> {
  let paths: Promise<readonly string[]> | null = null;
  const known = () => (paths ??= listedPaths(context)());
  const planned = await plannedDownloads(context, words, flags.recursive === true, known);
  const toStdout = planned.some((one) => !('refused' in one) && one.to === STDOUT);
  if (toStdout && (context.json || planned.length > 1))
    throw usageError(
      context.json ? 'Stdout takes either the content or JSON.' : 'Stdout takes one file.',
      context.json ? 'Leave out --json, or name a file.' : 'Name one file, or a directory of this machine at the end.',
    );
  return runEach(
    context,
    planned.map((one) => jobFor(context, one, flags)),
  );
}

function jobFor(context: CommandContext, planned: Download, flags: DownloadFlags): Job {
  if ('refused' in planned) return refusedJob(planned.path, planned.refused);
  const receive = planned.to === STDOUT ? print : save;
  return {
    path: planned.path,
    run: () =>
      receive(context, planned, flags).catch(async (error: unknown) => {
        throw withRemainder(await orGone(error, planned.shownAs, listedPaths(context)));
      }),
  };
}

async function save(context: CommandContext, { path: name, target, to, isMember }: Wanted, flags: DownloadFlags) {
  const api = await context.api();
  if (isMember) makeParent(to);
  const bar = openBar(context.progress, name);
  try {
    const done = await api.download(target, to, {
      overwrite: flags.overwrite === true,
      ...(isMember ? { unlessSame: true } : {}),
      signal: context.signal,
      onProgress: ({ bytes, size }) => bar.update(bytes, size),
    });
    return { object: done, text: downloadedText(done) };
  } finally {
    bar.stop();
  }
}

/** Makes the local directories of a file of a directory. */
function makeParent(to: string): void {
  if (fs.statSync(to, { throwIfNoEntry: false })?.isDirectory())
    throw new SyncError('exists', `${quote(to)} is a directory on this machine.`, { hint: 'Choose another place.' });
  try {
    fs.mkdirSync(path.dirname(to), { recursive: true });
  } catch (error) {
    throw new SyncError('failed', `${quote(path.dirname(to))} cannot be made on this machine: ${reasonOf(error)}.`, {
      hint: 'Solve that, then try again.',
    });
  }
}

/** Writes the content to stdout: as it is, or as text with escaped control characters on a terminal. */
async function print(context: CommandContext, { path: name, target }: Wanted): Promise<Told> {
  const api = await context.api();
  const bar = openBar(context.stdoutIsTerminal ? undefined : context.progress, name);
  const decoder = new StringDecoder('utf8');
  try {
    const onProgress = ({ bytes, size }: { bytes: number; size: number }) => bar.update(bytes, size);
    for await (const piece of api.read(target, { signal: context.signal, onProgress })) {
      if (context.stdoutIsTerminal) context.out(decoder.write(piece));
      else await context.bytes(piece);
    }
    return { object: null, text: null };
  } finally {
    bar.stop();
  }
}

function downloadedText({ path, to, size, resumed, changed }: Downloaded): string {
  if (!changed) return `${shownName(to)} has the content of ${shownName(path)} already.`;
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
