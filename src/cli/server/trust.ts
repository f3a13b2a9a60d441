// Reads what a server is to trust: the secret file, or the directory of keys.
import type { ServerLogger } from '../../log.js';
import { type KeyDirectory, openKeys } from '../../wire/socket/keys.js';
import { readSecretFile, type Secret } from '../../wire/socket/secret.js';

/** At most one of both; neither where only users of this machine may connect. */
interface Trust {
  readonly secret?: Secret;
  readonly keys?: KeyDirectory;
}

/** @throws SyncError `usage` where the file or the directory cannot be used. */
export function openTrust(
  { secretFile, keys }: { readonly secretFile: string | null; readonly keys: string | null },
  log: Pick<ServerLogger, 'warn'>,
): Trust {
  if (keys !== null) return { keys: openKeys(keys, log.warn) };
  return secretFile === null ? {} : { secret: readSecretFile(secretFile) };
}
