// Commands that lock, unlock, and ask for locks.
import { type Command, Option } from 'commander';
import type { AskOptions } from '../../client/client.js';
import type { LockFlags } from '../commands/lock.js';
import type { UnlockFlags } from '../commands/unlock.js';
import type { Run } from './run.js';

/** Shown with the equals sign, because a word after a blank is a target. */
function waitOption(): Option {
  const option = new Option(
    '--wait [duration]',
    'stand in line for what another holds; --wait=5m: for so long at most',
  );
  option.flags = '--wait[=duration]';
  return option;
}

export function addLocking(program: Command, run: Run): void {
  program.commandsGroup('Locks:');
  program
    .command('lock')
    .argument('<target...>', 'number, path or glob')
    .option('-m, --message <why>', 'why, for others to read')
    .option('--side <a|b>', 'the side you work on; changes on the other side wait')
    .option('--ttl <duration>', 'unlock by itself after this long, such as 30m or 2h; a bare number is seconds')
    .addOption(waitOption())
    .option('--notify', 'where another holds it: be told, once, when it is free, without standing in line')
    .option('--steal', 'break the lock of another and take it')
    .description('lock files, or renew your own locks (also: -lock -N)')
    .action((targets: string[], flags: LockFlags) =>
      run(async (context) => (await import('../commands/lock.js')).lock(context, targets, flags)),
    );
  program
    .command('unlock')
    .argument('<target...>', 'number, path or glob')
    .option('--force', 'break the lock of another, who is told at his next command')
    .addOption(
      new Option('--held <what>', 'what becomes of held updates (apply)').choices(['apply', 'copy', 'discard']),
    )
    .description('unlock files (also: -unlock -N)')
    .action((targets: string[], flags: UnlockFlags) =>
      run(async (context) => (await import('../commands/unlock.js')).unlock(context, targets, flags)),
    );
  program
    .command('ask')
    .argument('<target...>', 'number, path or glob')
    .option('-m, --message <why>', 'why, for the holder to read')
    .description('ask the holder to unlock; he is told at once, or at his next command')
    .action((targets: string[], flags: AskOptions) =>
      run(async (context) => (await import('../commands/ask.js')).ask(context, targets, flags)),
    );
}
