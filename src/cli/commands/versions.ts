// `client versions TARGET`: lists the versions of a file on both sides, the newest first.
import type { Side } from '../../core/path.js';
import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { versionsText } from '../render/versions.js';
import { shownName } from '../render/width.js';
import { listedPaths, mustBeListed, onOneTarget } from '../target/one-target.js';

export async function versions(context: CommandContext, text: string): Promise<number> {
  const api = await context.api();
  const listed = listedPaths(context);
  await onOneTarget(context, text, listed, async (target) => {
    const answer = await api.versions(target);
    if (!context.json) for (const side of answer.away) context.err(awayText(side));
    if (answer.versions.length === 0) mustBeListed(target, await listed(), ', and nothing earlier is kept of it');
    const name = shownName('path' in target ? target.path : text);
    if (context.json) context.out(`${JSON.stringify(answer)}\n`);
    else
      context.out(
        answer.versions.length > 0
          ? versionsText(answer.versions, context.columns)
          : `Nothing earlier is kept of ${name}.\n`,
      );
  });
  return EXIT_OK;
}

const awayText = (side: Side): string => `Side ${side} is away: what it keeps is not in this list.\n`;
