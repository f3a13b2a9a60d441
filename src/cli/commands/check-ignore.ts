// `client check-ignore PATH`: the rule that leaves a path out of synchronisation, and where it stands; like git's command
// it says nothing and exits 1 where there is none.
import type { Ignored } from '../../wire/client-api/ignored.js';
import type { CommandContext } from '../context.js';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.js';
import { shownName } from '../render/width.js';

export async function checkIgnore(context: CommandContext, path: string): Promise<number> {
  const answer = await (await context.api()).checkIgnore(path);
  if (context.json) context.out(`${JSON.stringify(answer)}\n`);
  else if (answer.ignored) context.out(`${ruleText(answer)}  ${shownName(answer.path)}\n`);
  return answer.ignored ? EXIT_OK : EXIT_FAILED;
}

function ruleText({ rule = '', source, set, file, line, side }: Ignored): string {
  const places = {
    file: `${file}:${line}`,
    flag: `--ignore of server-${sides(side)}`,
    set: `--ignore-set ${set} of server-${sides(side)}`,
    'built-in': 'built-in',
  };
  const where = source === undefined ? '' : (places[source] ?? source);
  return `${shownName(String(where))}: ${shownName(rule)}`;
}

const sides = (side: Ignored['side']): string => (side === 'both' ? 'a and server-b' : String(side));
