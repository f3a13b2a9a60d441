// Runs every check, from the program to the ports.
import fs from 'node:fs';
import { isIgnoreSet, linesOfSet } from '../../core/ignore-sets.js';
import { quote } from '../../core/path.js';
import { shellWord } from '../../core/shell-word.js';
import type { FoundPair } from '../../disk/state/address.js';
import type { Env } from '../context.js';
import { nearbyPair } from '../nearby-pair.js';
import type { ProgramNames } from '../program-name.js';
import { DEFAULTS } from '../server/command.js';
import type { RememberedPair } from '../up/config.js';
import { remotePlace } from '../up/place.js';
import { packageVersion } from '../version.js';
import { type Examined, examine } from './directory.js';
import { type Finding, ok } from './finding.js';
import { readWatching, watchFindings } from './inotify.js';
import { placesOf } from './places.js';
import { portFinding, type WantedPort } from './port.js';
import { configFindings, secretFindings } from './secrets.js';
import { serverFindings } from './server.js';
import { nodeFinding } from './versions.js';

/** What was typed, and where. */
interface Asked {
  readonly directories: readonly string[];
  readonly pair?: string;
  readonly secretFile?: string;
  readonly cwd: string;
  readonly names: ProgramNames;
}

/** @throws SyncError `usage`. */
export async function findingsOf(asked: Asked, env: Env): Promise<Finding[]> {
  const { names } = asked;
  const places = placesOf({ ...asked, pair: asked.pair }, env);
  const findings = [
    nodeFinding(process.versions.node),
    ...configFindings(env),
    ...secretFindings(env, asked.secretFile),
  ];
  const ignore = places.pairs.flatMap(([, pair]) => [
    ...(pair['ignore-set'] ?? []).filter(isIgnoreSet).flatMap(linesOfSet),
    ...(pair.ignore ?? []),
  ]);
  const prune = `${names.client} versions --prune --older 7d`;
  const examined: Examined[] = [];
  for (const dir of places.directories) examined.push(await examine(dir, ignore, prune));
  findings.push(...examined.flatMap((one) => one.findings));
  findings.push(...watchesOf(examined));
  const running = serversOf(places.directories);
  const secretFile = asked.secretFile ?? (env.LOCKSTEP_SECRET_FILE || undefined);
  for (const pair of running)
    findings.push(...(await serverFindings({ pair, secretFile, names, version: packageVersion() })));
  findings.push(...places.elsewhere.map((place) => elsewhere(place, names)));
  const isServed = running.length > 0 || examined.some(({ server }) => server !== null);
  for (const wanted of isServed ? [] : portsOf(places.pairs)) findings.push(await portFinding(wanted));
  return findings;
}

function watchesOf(examined: readonly Examined[]): Finding[] {
  const needed = examined.reduce((sum, { directories }) => sum + directories, 0);
  if (needed === 0) return [];
  return watchFindings(needed, readWatching(new Set(examined.flatMap(({ server }) => server ?? []))));
}

/** @returns the running servers of the directories, each once. */
function serversOf(directories: readonly string[]): FoundPair[] {
  const found = new Map<string, FoundPair>();
  for (const dir of directories) {
    const pair = fs.existsSync(dir) ? nearbyPair(fs.realpathSync(dir)) : null;
    if (pair !== null && !found.has(pair.address)) found.set(pair.address, pair);
  }
  return [...found.values()];
}

function elsewhere(place: string, { lockstep }: ProgramNames): Finding {
  const { host, dir } = remotePlace(place)!;
  return ok(
    'directory',
    `${quote(place)} is on another machine: ssh ${host} ${lockstep} doctor ${shellWord(dir)} checks it there.`,
  );
}

function portsOf(pairs: readonly (readonly [string, RememberedPair])[]): WantedPort[] {
  if (pairs.length > 0)
    return pairs.flatMap(([name, { port }]) =>
      port === undefined || port === '0'
        ? []
        : [
            {
              port: Number(port),
              by: `the pair ${name}`,
              isNeeded: true,
              otherwise: `Choose another one: lockstep up ${name} --port 0`,
            },
          ],
    );
  return (['a', 'b'] as const).map((side) => ({
    port: Number(DEFAULTS[side].port),
    by: `server-${side}`,
    isNeeded: false,
    otherwise: `Where the servers are started by themselves, choose another one with --port.`,
  }));
}
