// The warning that a server logs at its start where the system cannot tell which user connects.
import type { Logger } from '../log.js';
import type { Keys } from '../wire/socket/keys.js';
import { canIdentifyOwners } from '../wire/socket/local-users.js';
import type { Secret } from '../wire/socket/secret.js';

/** Warns that every user of this machine may connect, where no secret is set and that was not allowed. */
export function sayWhoMay(
  {
    secret,
    keys,
    allowLocal,
  }: { readonly secret?: Secret | undefined; readonly keys?: Keys | undefined; readonly allowLocal?: boolean },
  log: Logger,
): void {
  if (canIdentifyOwners || secret !== undefined || keys !== undefined || allowLocal === true) return;
  log.warn(
    'This system does not tell which user connects, so every user of this machine may. Use a key: --secret-file FILE on ' +
      'every program; or say that it is meant, with --allow-local.',
  );
}
