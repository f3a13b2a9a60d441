// Downloads to a local file. The content is written beside the destination until it is complete and verified, and is
// then renamed. An interrupted download is resumed by the next one.

import fs from 'node:fs';
import path from 'node:path';
import { SyncError } from '../core/errors.js';
import { quote } from '../core/path.js';
import { refusesLinks, systemTrouble } from '../core/system-error.js';
import type { DownloadedFile, Target } from '../wire/client-api/methods.js';
import type { RpcClient } from '../wire/rpc/caller.js';
import { type LocalContent, localContent, PartialFile } from './partial-file.js';
import { receiveContent, type TransferOptions } from './transfers.js';

/** The maximum number of attempts when the file is written to while it is read. */
const MAX_ATTEMPTS = 3;

export interface DownloadOptions extends TransferOptions {
  /** Whether a file at the destination may be replaced. */
  readonly overwrite?: boolean;
  /** Whether a file at the destination that has the content already is left alone and counts as downloaded. */
  readonly unlessSame?: boolean;
}

/** The result of a download. */
export interface Downloaded {
  /** Its path in the pair. */
  readonly path: string;
  /** The local file. */
  readonly to: string;
  readonly size: number;
  /** SHA-256 of the content, hexadecimal. */
  readonly hash: string;
  /** The number of bytes that an earlier download had left. */
  readonly resumed: number;
  /** Whether a file was written; false where `unlessSame` has found the content there. */
  readonly changed: boolean;
}

/**
 * Downloads to `destination`, or into it where it is a directory.
 * @throws SyncError `exists`, `not-found`; the server's errors; `interrupted` or `closed`, with the facts `partial` and
 * `bytes` where a part was kept.
 */
export async function saveDownload(
  caller: RpcClient,
  target: Target,
  destination: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await new DownloadAttempt(destination, options).run(caller, target);
    } catch (error) {
      const isTorn = error instanceof SyncError && error.code === 'busy' && error.facts.again === true;
      if (!isTorn || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
}

/** One attempt. */
class DownloadAttempt {
  readonly #destination: string;
  readonly #options: DownloadOptions;

  #partial: PartialFile | null = null;
  #file: DownloadedFile | null = null;
  #to = '';
  /** What is at the destination already, for `unlessSame`. */
  #there: LocalContent | null = null;

  constructor(destination: string, options: DownloadOptions) {
    this.#destination = destination;
    this.#options = options;
  }

  async run(caller: RpcClient, target: Target): Promise<Downloaded> {
    try {
      if ('path' in target || !isInto(this.#destination)) {
        this.#to = placeFor(this.#destination, 'path' in target ? target.path : '');
        this.#there =
          this.#options.unlessSame === true && this.#options.overwrite !== true ? await localContent(this.#to) : null;
        if (this.#there === null) this.#refuse();
        this.#partial = this.#there === null ? await PartialFile.find(this.#to) : null;
      }
      const there = this.#there;
      if (there !== null) return await this.#compare(caller, target, there);
      const partial = this.#partial;
      const had = partial === null ? {} : { from: partial.bytes, hash: partial.contentHash };
      const sink = { file: (file: DownloadedFile) => this.#begin(file), piece: (data: Buffer) => this.#add(data) };
      await receiveContent(caller, { target, ...had }, sink, this.#options.signal);
      return this.#finish();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Asks for what is there already: the server sends nothing of a content that is the same. */
  async #compare(caller: RpcClient, target: Target, there: LocalContent): Promise<Downloaded> {
    const { bytes: from, hash } = there;
    let same: DownloadedFile | null = null;
    const file = (announced: DownloadedFile) => {
      if (announced.hash !== hash || announced.size !== from) this.#refuse();
      same = announced;
    };
    await receiveContent(caller, { target, from, hash }, { file, piece: () => {} }, this.#options.signal);
    const { path: at, size } = same as unknown as DownloadedFile;
    return { path: at, to: this.#to, size, hash, resumed: 0, changed: false };
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
      if (file.from > 0) throw new SyncError('failed', 'The server continues a download that was not started.');
      this.#partial = PartialFile.begin(this.#to, file.hash);
    }
    this.#reportProgress();
  }

  async #add(data: Buffer): Promise<void> {
    await this.#partial!.add(data, this.#file!.size);
    this.#reportProgress();
  }

  #reportProgress(): void {
    this.#options.onProgress?.({ bytes: this.#partial!.bytes, size: this.#file!.size });
  }

  #finish(): Downloaded {
    const partial = this.#partial;
    const file = this.#file;
    const to = this.#to;
    if (partial === null || file === null) throw new SyncError('bad-message', 'The server did not announce a file.');
    if (partial.bytes !== file.size || !partial.isWhole()) throw torn(file.path);
    if (!partial.hasName()) throw otherDownload(to);
    this.#partial = null;
    try {
      partial.finish(file.mode, new Date(file.mtime));
      this.#place(partial.place, to);
      // A user who can write to the directory may have replaced the file; then it is not the verified one.
      if (!partial.isAt(to)) throw otherDownload(to);
    } finally {
      partial.close();
    }
    return { path: file.path, to, size: file.size, hash: file.hash, resumed: file.from, changed: true };
  }

  /** Renames the file to its destination; without `overwrite`, only where nothing exists there. */
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

  /**
   * Keeps the received part for a resumed download.
   * @returns the error to throw.
   */
  #failed(error: unknown): unknown {
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
    // Content that differs from its announcement is useless for a resumed download.
    if (error instanceof SyncError && error.code === 'bad-message') {
      partial?.discard();
      return error;
    }
    partial?.keep();
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

/** Whether `destination` is a directory. */
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
    hint: 'Try again when the program that writes it has finished.',
  });

const otherDownload = (to: string): SyncError =>
  new SyncError('busy', `Another download to ${quote(to)} is running.`, { hint: 'Wait for its end.' });

const notWritten = (to: string, error: unknown): SyncError =>
  new SyncError('failed', `${quote(to)} cannot be written on this machine: ${systemTrouble(error).why}.`, {
    hint: 'Solve that, then try again.',
  });
