// Where a value of a pair stands in the file of pairs. The parser of TOML tells lines of syntax errors only.

/**
 * @param content the file, which is valid TOML.
 * @param name the key of a value; '' or one that is missing: the pair itself is meant.
 * @returns `FILE, line N`; the file alone where the pair is not written as a table or with dotted keys.
 */
export function placeIn(file: string, content: string, pair: string, name: string): string {
  let table = '';
  let ofPair: number | null = null;
  for (const [at, line] of content.split('\n').entries()) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) table = plainKey(header);
    const key = header === undefined ? /^\s*([^=#]+?)\s*=/.exec(line)?.[1] : undefined;
    const path = key === undefined ? table : [table, plainKey(key)].filter(Boolean).join('.');
    if (key !== undefined && name !== '' && path === `pairs.${pair}.${name}`) return placeAt(file, at);
    if (path === `pairs.${pair}` || path === pair) ofPair ??= at;
  }
  return ofPair === null ? file : placeAt(file, ofPair);
}

const placeAt = (file: string, index: number): string => `${file}, line ${index + 1}`;

const plainKey = (key: string): string => key.replace(/["'\s]/g, '');
