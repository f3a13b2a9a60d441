// Names out of bytes that anybody may have written: valid text of a bounded length, or nothing.

/** The most that is kept of a name, in UTF-16 units. */
const MAX_NAME_LENGTH = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });

/** @returns null where `bytes` are not valid UTF-8. */
export const decodeUtf8 = (bytes: Uint8Array): string | null => decoded(utf8, bytes);

/** @returns null where `bytes` are not valid UTF-16, little-endian. */
export const decodeUtf16 = (bytes: Uint8Array): string | null => decoded(utf16, bytes);

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** @returns `text` without blanks around it, cut where it is long; null where that leaves no name. */
export function nameIn(text: unknown): string | null {
  if (typeof text !== 'string' || !text.isWellFormed() || text.includes('\0')) return null;
  return cutName(text.trim(), MAX_NAME_LENGTH) || null;
}

/** @returns the beginning of `name`, of at most `length` UTF-16 units, without half a character or a blank at its end. */
export function cutName(name: string, length: number): string {
  const cut = name.slice(0, length);
  return (cut.isWellFormed() ? cut : cut.slice(0, -1)).trimEnd();
}
