// Locks: taken and given back.
import type { Command } from 'commander';
import type { Run } from './run.js';

export function addLocking(program: Command, run: Run): void {
  program
    .command('lock')
    .argument('<target...>', 'number, path or glob')
    .option('-m, --message <why>', 'why, for others to read')
    .option('--side <a|b>', 'the side you work on; changes on the other side wait')
    .description('lock files (also: -lock -N)')
    .action((targets: string[], flags: { message?: string; side?: string }) =>
      run(async (room) => (await import('../commands/lock.js')).lock(room, targets, flags)),
    );
  program
    .command('unlock')
    .argument('<target...>', 'number, path or glob')
    .description('unlock files (also: -unlock -N)')
    .action((targets: string[]) => run(async (room) => (await import('../commands/unlock.js')).unlock(room, targets)));
}
