// `client versions [TARGET]`: the earlier contents that both sides keep, of one file or of all, the newest first.
import type { Side } from '../../../core/path.js';
import type { VersionRow } from '../../../wire/client-api/version-rows.js';
import type { CommandContext } from '../../context.js';
import { EXIT_OK } from '../../exit-codes.js';
import { parseMoment } from '../../moment.js';
import { RecentText, versionsText } from '../../render/versions.js';
import { shownName } from '../../render/width.js';
import { listedPaths, mustBeListed, onOneTarget } from '../../target/one-target.js';
import { errorOf, isGlob, matchesNothing, pairPath } from '../../target/target.js';
import { eachRecent, type PathTest, pathTest } from '../../target/versions-of.js';

export interface VersionsFlags {
  readonly deleted?: boolean;
  readonly since?: string;
}

/** What fits the memory of whoever reads a terminal; --since shows more. */
const SHOWN_ON_TERMINAL = 100;

export async function versions(
  context: CommandContext,
  text: string | undefined,
  flags: VersionsFlags = {},
): Promise<number> {
  const since = flags.since === undefined ? undefined : parseMoment(flags.since, '--since');
  const wanted = { since, deleted: flags.deleted === true };
  const isOfOne = text !== undefined && !wanted.deleted && since === undefined && (await meansOneFile(context, text));
  if (isOfOne) await ofOne(context, text);
  else await ofMany(context, text, wanted);
  return EXIT_OK;
}

/** A glob may be the name of a file, of one that is there or of one that is gone. A directory has no versions of its own. */
async function meansOneFile(context: CommandContext, text: string): Promise<boolean> {
  const path = pairPath(text);
  if (path === '.' || path === '') return false;
  if (!isGlob(path)) return true;
  const api = await context.api();
  if ((await listedPaths(context)()).includes(path)) return true;
  return (await api.versions({ path })).versions.length > 0;
}

async function ofOne(context: CommandContext, text: string): Promise<void> {
  const api = await context.api();
  const listed = listedPaths(context);
  const isPath = !/^\d+$/.test(text);
  // A name with brackets is no glob here any more.
  const act = async (target: Parameters<typeof api.versions>[0] & object) => {
    const answer = await api.versions(target);
    const name = 'path' in target ? target.path : text;
    if (answer.versions.length === 0) {
      if (isPath && (await ofDirectory(context, text))) return;
      mustBeListed(target, await listed(), ', and nothing earlier is kept of it');
    }
    sayAway(context, answer.away);
    if (context.json) context.out(`${JSON.stringify(answer)}\n`);
    else if (answer.versions.length > 0) context.out(versionsText(answer.versions, context.columns));
    else context.out(`Nothing earlier is kept of ${shownName(name)}.\n`);
  };
  if (isPath && isGlob(pairPath(text))) await act({ path: pairPath(text) });
  else await onOneTarget(context, text, listed, act);
}

/** @returns whether there are versions of files below the directory `text`; then they have been said. */
async function ofDirectory(context: CommandContext, text: string): Promise<boolean> {
  const isBelow = await pathTest(context, text);
  let isDirectory = false;
  await eachRecent(context, isBelow, {}, () => {
    isDirectory = true;
  });
  if (isDirectory) await ofMany(context, text, {});
  return isDirectory;
}

async function ofMany(
  context: CommandContext,
  text: string | undefined,
  wanted: { readonly since?: Date | undefined; readonly deleted?: boolean },
): Promise<void> {
  const isMeant = await pathTest(context, text);
  const isShort = text === undefined && wanted.since === undefined && context.stdoutIsTerminal && !context.json;
  const limit = isShort ? SHOWN_ON_TERMINAL : undefined;
  const out = context.json ? new RecentJson(context) : new RecentText(context);
  let found = 0;
  const { away, more } = await eachRecent(context, isMeant, { ...wanted, limit }, (row) => {
    found++;
    out.add(row);
  });
  if (found === 0 && text !== undefined) await mustBeMeant(context, text, isMeant);
  sayAway(context, away);
  out.end(away);
  if (more) context.out(`These are the newest ${SHOWN_ON_TERMINAL}. See more with: client versions --since 7d\n`);
}

/** @throws SyncError `not-found` where `text` means neither a version nor a file. */
async function mustBeMeant(context: CommandContext, text: string, isMeant: PathTest): Promise<void> {
  if (!(await listedPaths(context)()).some(isMeant)) throw errorOf(matchesNothing(pairPath(text)));
}

/** Prints the object piece by piece: of a hundred thousand rows none has to be kept. */
class RecentJson {
  readonly #context: CommandContext;
  #isFirst = true;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  add(row: VersionRow): void {
    this.#context.out(`${this.#isFirst ? '{"versions":[' : ','}${JSON.stringify(row)}`);
    this.#isFirst = false;
  }

  end(away: readonly Side[]): void {
    this.#context.out(`${this.#isFirst ? '{"versions":[' : ''}],"away":${JSON.stringify(away)}}\n`);
  }
}

function sayAway(context: CommandContext, away: readonly Side[]): void {
  if (context.json) return;
  for (const side of away) context.err(`Side ${side} is away: what it keeps is not in this list.\n`);
}
