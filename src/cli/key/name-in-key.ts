// The name that a key file proves, for what is shown and asked before a connection is made.
import { readSecretFile } from '../../wire/socket/secret.js';

/** @returns the name; undefined where the file has none. Whether it can be used is found when connecting. */
export function nameInKey(file: string): string | undefined {
  try {
    return readSecretFile(file).person?.name;
  } catch {
    return undefined;
  }
}
