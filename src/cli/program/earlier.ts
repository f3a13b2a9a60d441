// Commands for versions and conflict copies.
import type { Command } from 'commander';
import type { Run } from './run.js';

export function addEarlier(program: Command, run: Run): void {
  program
    .command('versions')
    .argument('<target>', 'number or path, also of a file that is gone')
    .description('the earlier contents of a file, the newest first')
    .action((target: string) =>
      run(async (context) => (await import('../commands/versions.js')).versions(context, target)),
    );
  program
    .command('restore')
    .argument('<target>', 'number or path, also of a file that is gone')
    .option('--at <n>', 'which version, as "versions" numbers them (1)')
    .description('put an earlier content back; the present one goes to versions')
    .action((target: string, flags: { at?: string }) =>
      run(async (context) => (await import('../commands/restore.js')).restore(context, target, flags)),
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
      run(async (context) => (await import('../commands/resolve.js')).resolve(context, target, flags)),
    );
}
