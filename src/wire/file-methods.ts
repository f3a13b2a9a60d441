// The methods of server-a about whole files, as types: what each takes and gives, and what streams between.
import type { Acted, Refused, Target } from './client-api/methods.js';

/** What is on its way to whoever downloads it. */
export interface DownloadedFile {
  readonly path: string;
  readonly size: number;
  readonly mtime: string;
  readonly mode: number;
  /** SHA-256 of the whole content, hexadecimal. */
  readonly hash: string;
  /** The byte that the content begins at: what was asked for, or 0. */
  readonly from: number;
}

/** A part of `ClientMethods`. */
export interface FileMethods {
  /**
   * `name`: where `path` is a directory, the file goes into it under this name. The server sends a notification `ready`
   * when it wants the content, which then comes in notifications `content {last?, hash?}` with payloads.
   */
  upload: {
    params: {
      path: string;
      name?: string;
      owner: string;
      size: number;
      mtime?: string;
      mode?: number;
      overwrite?: boolean;
    };
    result: Acted;
  };
  /**
   * First a notification `file`, see `DownloadedFile`, then `content` with payloads. `from`: how many bytes the caller has
   * of the content with this `hash`; where the file has another one by now, it comes from its beginning.
   */
  download: {
    params: { target: Target; from?: number; hash?: string };
    result: { path: string; size: number; hash: string };
  };
  rename: { params: { target: Target; to: string; owner: string; overwrite?: boolean }; result: Acted };
  delete: {
    params: { targets: readonly Target[]; owner: string; recursive?: boolean };
    result: { targets: readonly (Acted | Refused)[] };
  };
}
