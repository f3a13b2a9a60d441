// The end of `client --help`, after the commands.
import { DEFAULT_SERVER } from '../../client/server-address.js';
import type { Appendix } from '../help/appendix.js';

const APPENDIX: Appendix = {
  examples: [
    ['client', 'list the files of both sides, numbered'],
    ['client lock 3 -m "new cover"', 'lock the file that stood at 3 in that list'],
    ["client lock docs/plan.txt 'art/**/*.psd'", ''],
    ['client unlock 3', ''],
    ['client upload plan.txt docs/', 'put a file of this machine into docs'],
    ['client download 3 ~/Desktop', 'copy the file at 3 out of the pair'],
    ['client versions docs/plan.txt', 'what is kept of it; client restore docs/plan.txt'],
    ['client watch --json', 'every event, one JSON object a line'],
  ],
  notes: [
    'TARGET is a number of the list last shown on this terminal, a path, or a glob in quotes. ./7 is a file named 7; ' +
      '-- ends the options. Also understood: client -list, client -lock -3, client -unlock -3.',
  ],
  environment: [
    ['LOCKSTEP_SERVER', `where server-a or server-b listens (${DEFAULT_SERVER})`],
    ['LOCKSTEP_USER', 'the name to lock under (user@host)'],
    ['LOCKSTEP_SIDE', 'the side you work on, for lock (that of the server)'],
    ['LOCKSTEP_SECRET_FILE', "the file with the servers' secret"],
    ['LOCKSTEP_ALLOW_LOCAL', '1 to talk to a server that another local user runs'],
    ['NO_COLOR', 'no colours'],
  ],
  environmentNote: '',
  exitCodes: [
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'usage'],
    ['3', 'locked by another'],
    ['4', 'no such file or number'],
    ['5', 'already exists'],
    ['6', 'cannot reach the server'],
    ['7', 'not allowed'],
    ['8', 'halted for safety'],
    ['130', 'interrupted'],
  ],
};

/** @param name what the client is called. */
export function clientAppendix(name: string): Appendix {
  const named = (text: string): string => text.replace(/\bclient(?= |$)/g, name);
  return {
    ...APPENDIX,
    examples: APPENDIX.examples.map(([line, meaning]) => [named(line), named(meaning)]),
    notes: APPENDIX.notes.map(named),
  };
}
