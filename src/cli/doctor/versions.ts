// Which versions run: of Node, of this program, of the two servers.
import { quote } from '../../core/path.js';
import type { Status } from '../../wire/client-api/methods.js';
import { packageVersion } from '../version.js';
import { type Finding, ok, warn, wrong } from './finding.js';

/** Earlier versions of Node lack what is used. */
const MIN_NODE = [20, 19] as const;

export function nodeFinding(node: string): Finding {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const isEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  if (isEnough) return ok('version', `Lockstep ${packageVersion()} on Node ${node}, ${process.platform}.`);
  return wrong(
    'version',
    `Node ${node} is too old for Lockstep ${packageVersion()}.`,
    `Install Node ${MIN_NODE.join('.')} or later.`,
  );
}

/** @returns what there is to say where programs of several versions run. */
export function versionFindings({ servers }: Pick<Status, 'servers'>, version: string): Finding[] {
  if (servers === undefined)
    return [
      warn(
        'version',
        `Server-a is of an earlier version than this program, ${version}.`,
        'Stop it, and start it again to have it run the version that is installed.',
      ),
    ];
  const { a, b } = servers;
  const different = [
    ...(a.version === version ? [] : [`server-a ${quote(a.version)}`]),
    ...(b === null || b.version === version
      ? []
      : [`server-b ${b.version === null ? 'an earlier one' : quote(b.version)}`]),
  ];
  if (different.length === 0) return [];
  return [
    warn(
      'version',
      `This program is of version ${version}, ${different.join(', ')}.`,
      'Install the same version on both machines, and start the servers again.',
    ),
  ];
}
