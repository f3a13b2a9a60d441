// Words for a shell: a path in an advised command has to be pasted as it stands.

/** @returns `text` as one word of a POSIX shell, in quotes where it needs them. */
export const shellWord = (text: string): string =>
  /^[\p{L}\p{M}\p{N}_./%@+=:,-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
