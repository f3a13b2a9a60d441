// Vim's swap files: the block at their beginning tells who edits which file (struct block0 in Vim's memline.c). A file of
// such a name without that block is none of Vim's.
import { decodeUtf8, nameIn } from './name-text.js';

/** What the block tells; null: unknown. */
interface SwapFile {
  readonly user: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly boot: null;
  /** Whether there are changes that are not saved. */
  readonly modified: boolean;
  /** The name of the file that is edited. */
  readonly document: string | null;
}

const USER = [28, 68] as const;
const HOST = [68, 108] as const;
/** The file's path; its last two bytes tell something else. */
const FILE = [108, 1006] as const;
const PID = 24;
const MODIFIED = 1007;
const IS_MODIFIED = 0x55;
/** The second letter tells whether, and how, the text in the file is encrypted. */
const BEGINNING = /^b[0cCdsS]VIM $/;

/** @returns null where `content` does not begin as a swap file does. */
export function parseSwapFile(content: Uint8Array): SwapFile | null {
  if (content.length < HOST[1] || !BEGINNING.test(String.fromCharCode(...content.subarray(0, 6)))) return null;
  const [user, host, path] = [USER, HOST, FILE].map(([from, to]) => cString(content.subarray(from, to)));
  return {
    ...{ user: nameIn(user), host: nameIn(host), pid: pidIn(content), boot: null },
    modified: content[MODIFIED] === IS_MODIFIED,
    document: path?.slice(path.lastIndexOf('/') + 1) || null,
  };
}

/** Little-endian on every machine; 0 where Vim does not know it. */
function pidIn(content: Uint8Array): number | null {
  const pid = new DataView(content.buffer, content.byteOffset, content.byteLength).getInt32(PID, true);
  return pid > 0 ? pid : null;
}

/** @returns null where it does not end, or is not text. */
function cString(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  return end < 0 ? null : decodeUtf8(bytes.subarray(0, end));
}
