// The programs that have a man page, each with the end of its help. `lockstep` has one for itself and one for each of its
// own commands that has options, named as man names the commands of git: lockstep-up.
import type { Command } from 'commander';
import { doctorAppendix, doctorCommand } from '../doctor/command.js';
import type { Appendix } from '../help/appendix.js';
import { clientAppendix } from '../program/help.js';
import { clientProgram } from '../program/program.js';
import { serverAppendix } from '../server/appendix.js';
import { serverCommand } from '../server/command.js';
import { serviceAppendix, serviceCommand } from '../service/command.js';
import { upAppendix, upCommand } from '../up/options.js';

const silence = (): void => {};
const LOCKSTEP = 'lockstep';

/** @returns each program with its appendix; the name of its page is that of the program with dashes. */
export function pages(): readonly (readonly [program: Command, appendix: Appendix])[] {
  const [serverA, serverB] = (['a', 'b'] as const).map((which) => serverCommand(which, silence)) as [Command, Command];
  const client = (name: string) => [clientProgram(silence, () => async () => {}, name), clientAppendix(name)] as const;
  return [
    client('client'),
    [serverA, serverAppendix('a', serverA)],
    [serverB, serverAppendix('b', serverB)],
    client(LOCKSTEP),
    [upCommand(silence), upAppendix(String)],
    [doctorCommand(LOCKSTEP, silence), doctorAppendix(LOCKSTEP)],
    [serviceCommand(LOCKSTEP, silence, null), serviceAppendix(LOCKSTEP)],
  ];
}

/** @returns the name of the page of a program: `lockstep-up` for `lockstep up`. */
export const pageName = (program: Command): string => program.name().replaceAll(' ', '-');
