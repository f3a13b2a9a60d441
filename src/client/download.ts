// A download to a local file: what comes lies beside the destination until it is whole and verified, then takes its name.
// One that is cut is gone on with by the next.

import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { quote } from '../core/path.js';
import { refusesLinks, systemTrouble } from '../core/system-error.js';
import type { DownloadedFile, Target } from '../wire/client-api/methods.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { PartialFile } from './partial-file.js';
import { receiveContent, type TransferOptions } from './transfers.js';

/** How often a download begins again because the file was written to while it was read. */
const MAX_ATTEMPTS = 3;

export interface DownloadOptions extends TransferOptions {
  /** Whether a file at the destination may be replaced. */
  readonly overwrite?: boolean;
}

/** What came, and where it is. */
export interface Downloaded {
  /** Its path in the pair. */
  readonly path: string;
  /** Where it is now. */
  readonly to: string;
  readonly size: number;
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
  /** How many bytes were here from an earlier download. */
  readonly resumed: number;
}

/**
 * Downloads to `destination`, or into it where that is a directory.
 * @throws SyncError `exists`, `not-found`; as the server refuses; `interrupted` or `closed`, with facts `partial` and
 *   `bytes` where what came so far is kept.
 */
export async function saveDownload(
  caller: RpcClient,
  target: Target,
  destination: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new Saving(destination, options).run(caller, target);
    } catch (error) {
      const isTorn = error instanceof SyncError && error.code === 'busy' && error.facts.again === true;
      if (!isTorn || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** One attempt. */
class Saving {
  readonly #destination: string;
  readonly #options: DownloadOptions;

  #partial: PartialFile | null = null;
  #file: DownloadedFile | null = null;
  #to = '';

  constructor(destination: string, options: DownloadOptions) {
    this.#destination = destination;
    this.#options = options;
  }

  async run(caller: RpcClient, target: Target): Promise<Downloaded> {
    try {
      if ('path' in target || !isInto(this.#destination)) {
        this.#to = placeFor(this.#destination, 'path' in target ? target.path : '');
        this.#refuse();
        this.#partial = await PartialFile.find(this.#to);
      }
      const partial = this.#partial;
      const had = partial === null ? {} : { from: partial.bytes, hash: partial.contentHash };
      const sink = { file: (file: DownloadedFile) => this.#begin(file), piece: (data: Buffer) => this.#add(data) };
      await receiveContent(caller, { target, ...had }, sink, this.#options.signal);
      return this.#end();
    } catch (error) {
      throw this.#ended(error);
    }
  }

  #refuse(): void {
    const to = this.#to;
    const stats = fs.statSync(to, { throwIfNoEntry: false });
    if (stats?.isDirectory()) throw exists(to, 'is a directory on this machine', 'Choose another name.');
    if (stats === undefined || this.#options.overwrite === true) {
      if (!fs.existsSync(path.dirname(to))) throw noDirectory(path.dirname(to));
      return;
    }
    throw exists(to, 'exists already on this machine', 'Choose another name, or add --overwrite.');
  }

  #begin(file: DownloadedFile): void {
    this.#file = file;
    if (this.#to === '') {
      this.#to = placeFor(this.#destination, file.path);
      this.#refuse();
    }
    const goesOn = this.#partial?.contentHash === file.hash && this.#partial.bytes === file.from;
    if (!goesOn) {
      this.#partial?.discard();
      this.#partial = null;
      if (file.from > 0) throw new SyncError('failed', 'The server goes on where nothing is.');
      this.#partial = PartialFile.begin(this.#to, file.hash);
    }
    this.#tell();
  }

  async #add(data: Buffer): Promise<void> {
    await this.#partial!.add(data, this.#file!.size);
    this.#tell();
  }

  #tell(): void {
    this.#options.onProgress?.({ bytes: this.#partial!.bytes, size: this.#file!.size });
  }

  #end(): Downloaded {
    const partial = this.#partial;
    const file = this.#file;
    const to = this.#to;
    if (partial === null || file === null) throw new SyncError('bad-message', 'The server named no file.');
    if (partial.bytes !== file.size || !partial.isWhole()) throw torn(file.path);
    if (!partial.hasName()) throw otherDownload(to);
    this.#partial = null;
    try {
      partial.finish(file.mode, new Date(file.mtime));
      this.#place(partial.place, to);
      // Whoever may write in that directory may have swapped it: then it is not what was verified.
      if (!partial.isAt(to)) throw otherDownload(to);
    } finally {
      partial.close();
    }
    return { path: file.path, to, size: file.size, hash: file.hash, resumed: file.from };
  }

  /** Takes the name in one step; without `overwrite`, only where nothing has it by now. */
  #place(from: string, to: string): void {
    if (this.#options.overwrite === true) fs.renameSync(from, to);
    else {
      try {
        fs.linkSync(from, to);
        fs.unlinkSync(from);
      } catch (error) {
        if (refusesLinks(error) && fs.lstatSync(to, { throwIfNoEntry: false }) === undefined) fs.renameSync(from, to);
        else if (refusesLinks(error) || (error as NodeJS.ErrnoException).code === 'EEXIST')
          throw exists(to, 'has appeared on this machine meanwhile', 'Choose another name, or add --overwrite.');
        else throw error;
      }
    }
  }

  /** What came is kept where the next attempt can go on with it. @returns the error to throw. */
  #ended(error: unknown): unknown {
    const partial = this.#partial;
    this.#partial = null;
    const isTorn = error instanceof SyncError && error.code === 'busy';
    if (isTorn) {
      partial?.discard();
      return new SyncError('busy', error.message, {
        hint: error.hint,
        advice: error.advice,
        facts: { ...error.facts, again: this.#file !== null },
      });
    }
    // What is not what was announced is the beginning of nothing.
    if (error instanceof SyncError && error.code === 'bad-message') {
      partial?.discard();
      return error;
    }
    partial?.leave();
    if (error instanceof SyncError) {
      if (partial === null || partial.bytes === 0) return error;
      const facts = { ...error.facts, partial: partial.place, bytes: partial.bytes };
      return new SyncError(error.code, error.message, {
        hint: error.hint,
        advice: error.advice,
        facts,
        cause: error,
      });
    }
    return notWritten(this.#to, error);
  }
}

/** Whether `destination` is a place to put files into. */
const isInto = (destination: string): boolean =>
  /[\\/]$/.test(destination) || (fs.statSync(destination, { throwIfNoEntry: false })?.isDirectory() ?? false);

const placeFor = (destination: string, file: string): string =>
  isInto(destination) ? path.join(destination, path.posix.basename(file)) : destination;

const exists = (to: string, why: string, hint: string): SyncError =>
  new SyncError('exists', `${quote(to)} ${why}.`, { hint });

const noDirectory = (directory: string): SyncError =>
  new SyncError('not-found', `There is no directory ${quote(directory)} on this machine.`, {
    hint: `Make it first: mkdir -p ${directory}`,
  });

const torn = (file: string): SyncError =>
  new SyncError('busy', `${quote(file)} was written to while it was read, so it is not one version.`, {
    hint: 'Try again when whoever writes it has finished.',
  });

const otherDownload = (to: string): SyncError =>
  new SyncError('busy', `Another download to ${quote(to)} is under way.`, { hint: 'Wait for its end.' });

const notWritten = (to: string, error: unknown): SyncError =>
  new SyncError('failed', `${quote(to)} cannot be written on this machine: ${systemTrouble(error).why}.`, {
    hint: 'See to that, then try again.',
  });
