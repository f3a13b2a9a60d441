// Commands for the whole pair: state, events, pauses.
import type { Command } from 'commander';
import type { Confirmation } from '../../wire/client-api/methods.js';
import type { Run } from './run.js';

export function addPair(program: Command, run: Run): void {
  program.commandsGroup('The pair:');
  program
    .command('status')
    .option('--check', 'for monitoring: one line, and an exit code other than 0 where somebody has to look')
    .description('the pair at a glance')
    .action((flags: { check?: boolean }) =>
      run(async (context) => (await import('../commands/status.js')).status(context, flags)),
    );
  program
    .command('plan')
    .description('what would be transferred now, and why; also while paused or halted')
    .action(() => run(async (context) => (await import('../commands/plan.js')).plan(context)));
  program
    .command('watch')
    .option('--since <id>', 'lines, from the event after this one on: RUN:ID, or ID of the present run')
    .description('the pair live on a terminal; otherwise everything that happens, one line each')
    .action((flags: { since?: string }) =>
      run(async (context) => (await import('../commands/watch.js')).watch(context, flags)),
    );
  program
    .command('check-ignore')
    .argument('<path>', 'a path of the pair, whether it is there or not')
    .description('why a path is not synchronised: the rule and its line; exit 1 where there is none')
    .action((path: string) =>
      run(async (context) => (await import('../commands/check-ignore.js')).checkIgnore(context, path)),
    );
  program
    .command('log')
    .argument('[target]', 'only about this: number, path or glob, also of what is gone')
    .option('--since <when>', 'not before this: 1h, 14:00, "2026-11-21 14:00"')
    .description('what happened, the latest last; also before the servers were started')
    .action((target: string | undefined, flags: { since?: string }) =>
      run(async (context) => (await import('../commands/log.js')).log(context, target, flags)),
    );
  program
    .command('flush')
    .option('--timeout <duration>', 'how long to wait, such as 5m; a bare number is seconds', '60s')
    .description('wait until all changes made so far are on both sides')
    .action((flags: { timeout: string }) =>
      run(async (context) => (await import('../commands/flush.js')).flush(context, flags)),
    );
  program
    .command('rescan')
    .description('have both sides look at everything anew')
    .action(() => run(async (context) => (await import('../commands/rescan.js')).rescan(context)));
  program
    .command('pause')
    .description('synchronise nothing until resume, also after a restart')
    .action(() => run(async (context) => (await import('../commands/pause.js')).pause(context)));
  program
    .command('resume')
    .option(
      '--accept-deletes',
      'after a halt: the missing files were meant to go, and are deleted on the other side, too',
    )
    .option(
      '--new-partner',
      'after a halt: what is there now is meant; missing files come back from the other side, nothing is deleted, of two contents the newer stays',
    )
    .option('--accept-rollback', 'after a halt: side a follows side b back to its older state')
    .option('--accept-lost-locks', 'after a halt: locks that may be lost with a damaged lock table are not missed')
    .description('go on after a pause or a halt')
    .action((flags: Confirmation) =>
      run(async (context) => (await import('../commands/resume.js')).resume(context, flags)),
    );
}
