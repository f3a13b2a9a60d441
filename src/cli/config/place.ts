// Where a value stands in config.toml. The parser of TOML tells lines of syntax errors only.

/**
 * @param content the file, which is valid TOML.
 * @param table the table that is meant, such as `pairs.art`.
 * @param name the key of a value; '' or one that is missing: the table itself is meant.
 * @returns `FILE, line N`; the file alone where the table is not written as one or with dotted keys.
 */
export function placeIn(file: string, content: string, table: string, name: string): string {
  let present = '';
  let ofTable: number | null = null;
  for (const [at, line] of content.split('\n').entries()) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) present = plainKey(header);
    const key = header === undefined ? /^\s*([^=#]+?)\s*=/.exec(line)?.[1] : undefined;
    const path = key === undefined ? present : [present, plainKey(key)].filter(Boolean).join('.');
    if (key !== undefined && name !== '' && path === `${table}.${name}`) return placeAt(file, at);
    if (path === table) ofTable ??= at;
  }
  return ofTable === null ? file : placeAt(file, ofTable);
}

const placeAt = (file: string, index: number): string => `${file}, line ${index + 1}`;

const plainKey = (key: string): string => key.replace(/["'\s]/g, '');
