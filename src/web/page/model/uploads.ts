// Uploads: files and whole directories, a few at a time, each with its progress. What is there already is replaced only
// when somebody says so.
import { signal } from '@preact/signals';
import { SyncError } from '../../../core/errors.js';
import { countText } from '../../../core/size-text.js';
import { upload as send } from '../calls/files.js';
import { placeIn } from '../words/listing.js';
import { shownName } from '../words/names.js';
import { learnAnew, offer, showRefusal } from './acts.js';
import { listing } from './page-state.js';

const AT_ONCE = 3;

/** A file to upload, and where it goes. */
export interface Wanted {
  readonly path: string;
  readonly file: File;
}

/** An upload under way. */
interface Upload extends Wanted {
  readonly id: number;
  readonly sent: number;
  readonly cancel: () => void;
}

export const uploads = signal<readonly Upload[]>([]);
/** What is to be uploaded and waits for an answer: where to, and what may be replaced. */
export const proposed = signal<{ readonly folder: string; readonly files: readonly Wanted[] } | null>(null);

export function propose(upload: typeof proposed.value): void {
  proposed.value = upload;
}

let lastId = 0;

/** @returns which of the files are there already. */
export const replacedBy = (files: readonly Wanted[]): readonly string[] =>
  files.filter(({ path }) => placeIn(listing.value.rows, path).found).map(({ path }) => path);

/** Uploads the files. @param overwrite whether files that are there may be replaced. */
export async function uploadAll(files: readonly Wanted[], overwrite: boolean): Promise<void> {
  const there = new Set(replacedBy(files));
  const queue = [...files];
  const done: { path: string; created: boolean }[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (await sent(next, overwrite)) done.push({ path: next.path, created: !there.has(next.path) });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, worker));
  if (done.length > 0) offer({ text: uploadedText(done) }, { act: 'upload', files: done });
  learnAnew();
}

function uploadedText(done: readonly { path: string; created: boolean }[]): string {
  const [first] = done;
  if (done.length > 1) return `${countText(done.length, 'file')} are uploaded.`;
  return `${shownName(first!.path)} is ${first!.created ? 'uploaded' : 'replaced'}.`;
}

async function sent(wanted: Wanted, overwrite: boolean): Promise<boolean> {
  const id = ++lastId;
  const cancelling = new AbortController();
  const { signal } = cancelling;
  uploads.value = [...uploads.value, { ...wanted, id, sent: 0, cancel: () => cancelling.abort() }];
  const onProgress = (bytes: number): void => {
    uploads.value = uploads.value.map((one) => (one.id === id ? { ...one, sent: bytes } : one));
  };
  try {
    await send(wanted.path, wanted.file, { overwrite, signal, onProgress });
    return true;
  } catch (error) {
    const replace = { label: 'Replace it', run: () => void uploadAll([wanted], true) };
    showRefusal(error, error instanceof SyncError && error.code === 'exists' ? [replace] : []);
    return false;
  } finally {
    uploads.value = uploads.value.filter((one) => one.id !== id);
  }
}
