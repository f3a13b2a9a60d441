// What a server says at its start where it cannot know which user of this machine connects to it.
import type { Logger } from '../log.js';
import { tellsOwners } from '../wire/socket/local-users.js';
import type { Secret } from '../wire/socket/secret.js';

/** Says once who may connect, where that is more than people expect. */
export function sayWhoMay(
  { secret, allowLocal }: { readonly secret?: Secret | undefined; readonly allowLocal?: boolean },
  log: Logger,
): void {
  if (tellsOwners || secret !== undefined || allowLocal === true) return;
  log.warn(
    'This system does not tell which user connects, so every user of this machine may. Use a key: --secret-file FILE on ' +
      'every program; or say that it is meant, with --allow-local.',
  );
}
