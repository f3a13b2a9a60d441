// `client versions --prune [--older 7d]`: removes versions for ever, after it has said how many there are and how much
// they take.
import { SyncError } from '../../../core/errors.js';
import { countText, sizeText } from '../../../core/size-text.js';
import type { FailedPrune, PrunedVersions } from '../../../wire/client-api/pruned.js';
import type { VersionUsage } from '../../../wire/client-api/version-rows.js';
import { confirmed } from '../../confirm.js';
import type { CommandContext } from '../../context.js';
import { parseDuration } from '../../duration.js';
import { EXIT_FAILED, EXIT_OK, exitCodeOf } from '../../exit-codes.js';
import { reportError, usageError } from '../../report-error.js';

export interface PruneFlags {
  readonly older?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const MAX_OLDER_MS = 100 * 365 * 24 * 60 * 60 * 1000;

export async function prune(context: CommandContext, text: string | undefined, flags: PruneFlags): Promise<number> {
  if (text !== undefined) throw usageError('--prune takes no file: it removes the versions of all files.');
  const olderMs = flags.older === undefined ? 0 : parseDuration(flags.older, '--older', MAX_OLDER_MS);
  const api = await context.api();
  const found = await api.pruneVersions(olderMs, { dryRun: true });
  const counted = total(found);
  const what = `${countText(counted.files, 'version')}${flags.older === undefined ? '' : ` older than ${flags.older}`}`;
  const question = `Remove ${what} (${sizeText(counted.bytes)}) for ever?`;
  const isDry = flags.dryRun === true || counted.files === 0;
  if (!isDry && !(await confirmed(context, question, flags.yes === true))) return EXIT_FAILED;
  if (isDry) {
    say(context, isDry, counted);
    return EXIT_OK;
  }
  const { failed, ...removed } = await api.pruneVersions(olderMs, { before: momentsOf(found) });
  if (failed !== undefined) return sayFailed(context, total(removed), failed);
  say(context, isDry, total(removed));
  return EXIT_OK;
}

/** @returns the exit code: that of the side that failed. The other side has removed its own. */
function sayFailed(context: CommandContext, removed: VersionUsage, { side, code, message }: FailedPrune): number {
  if (!context.json) say(context, false, removed);
  const error = new SyncError(code, `Those of side ${side} were not removed: ${message}`);
  reportError(context, error, { side, changed: removed.files > 0, ...removed });
  return exitCodeOf(error);
}

function say(context: CommandContext, isDry: boolean, { files, bytes }: VersionUsage): void {
  if (context.json) context.out(`${JSON.stringify({ changed: !isDry && files > 0, files, bytes })}\n`);
  else if (files === 0) context.out('There is nothing to remove.\n');
  else if (isDry) context.out(`${countText(files, 'version')} would be removed, which frees ${sizeText(bytes)}.\n`);
  else context.out(`Removed ${countText(files, 'version')}: ${sizeText(bytes)} are free again.\n`);
}

/** @returns up to which moment each side was counted: what is put aside while a person reads the question stays. */
const momentsOf = ({ a, b }: { readonly a: PrunedVersions | null; readonly b: PrunedVersions | null }) => ({
  ...(a === null ? {} : { a: a.before }),
  ...(b === null ? {} : { b: b.before }),
});

const total = ({ a, b }: { readonly a: VersionUsage | null; readonly b: VersionUsage | null }): VersionUsage => ({
  files: (a?.files ?? 0) + (b?.files ?? 0),
  bytes: (a?.bytes ?? 0) + (b?.bytes ?? 0),
});
