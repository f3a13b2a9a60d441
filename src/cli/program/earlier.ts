// Commands for versions and conflict copies.
import type { Command } from 'commander';
import type { PruneFlags } from '../commands/versions/prune.js';
import type { RestoreFlags } from '../commands/versions/restore.js';
import type { VersionsFlags } from '../commands/versions/versions.js';
import { usageError } from '../report-error.js';
import type { Run } from './run.js';
import { notingWhatWaits } from './waiting-note.js';

/** @throws SyncError `usage` for options that belong to the other use of `versions`. */
function checkFlags(flags: VersionsFlags & PruneFlags & { prune?: boolean }): void {
  const isPruning = flags.prune === true;
  const lonely = isPruning
    ? ['deleted' as const, 'since' as const].find((name) => flags[name] !== undefined)
    : ['older' as const, 'dryRun' as const, 'yes' as const].find((name) => flags[name] !== undefined);
  if (lonely === undefined) return;
  const flag = lonely === 'dryRun' ? '--dry-run' : `--${lonely}`;
  throw usageError(
    isPruning ? `--prune does not go with ${flag}.` : `${flag} is for --prune.`,
    isPruning ? 'Give --older for a time.' : 'Add --prune, or leave it out.',
  );
}

export function addEarlier(program: Command, run: Run): void {
  program.commandsGroup('What was there before:');
  program
    .command('versions')
    .argument('[target]', 'number, path or glob, also of files that are gone; without one: of all files')
    .option('--deleted', 'only what was deleted and is not there now')
    .option('--since <time>', 'only what was put aside since: 2d, 14:00, "2026-11-21 14:00"')
    .option('--prune', 'remove versions for ever; it asks first, and says how much that frees')
    .option('--older <duration>', 'with --prune: only those older than this, such as 7d')
    .option('--dry-run', 'with --prune: only say how much it would free')
    .option('-y, --yes', 'with --prune: do not ask')
    .description('earlier contents, the newest first; what was deleted or replaced lately')
    .action((target: string | undefined, flags: VersionsFlags & PruneFlags & { prune?: boolean }) =>
      run(async (context) => {
        checkFlags(flags);
        return flags.prune === true
          ? (await import('../commands/versions/prune.js')).prune(context, target, flags)
          : (await import('../commands/versions/versions.js')).versions(context, target, flags);
      }),
    );
  program
    .command('restore')
    .alias('undelete')
    .argument('[target]', 'number or path, also of a file or a directory that is gone; glob with a time')
    .option('--at <n>', 'which version, as "versions" numbers them (1)')
    .option('--deleted-since <time>', 'every file that was deleted since: 1h, 14:00')
    .option('--before <time>', 'every file as it was before: 1h, 14:00')
    .option('--dry-run', 'only show what would be put back')
    .description('put an earlier content back; the present one goes to versions')
    .action((target: string | undefined, flags: RestoreFlags) =>
      run(async (context) =>
        notingWhatWaits(context, (await import('../commands/versions/restore.js')).restore(context, target, flags)),
      ),
    );
  program
    .command('conflicts')
    .description('the conflict copies')
    .action(() => run(async (context) => (await import('../commands/conflicts.js')).conflicts(context)));
  program
    .command('resolve')
    .argument('<target>', 'the file, or one of its copies: number or path')
    .option('--keep <a|b|both>', 'whose content gets the name; both gives the copies plain names')
    .description('settle the conflict copies of a file; what goes, goes to versions')
    .action((target: string, flags: { keep?: string }) =>
      run(async (context) =>
        notingWhatWaits(context, (await import('../commands/resolve.js')).resolve(context, target, flags)),
      ),
    );
}
