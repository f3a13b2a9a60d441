// Whether the clocks of the two sides agree: they decide between two contents where nothing else does.
import type { Status } from '../../wire/client-api/methods.js';
import { type Finding, ok, warn, wrong } from './finding.js';

/** Clocks that differ by more can make the older of two contents win. */
const CLOCKS_MS = 2_000;
const CLOCKS_WRONG_MS = 60_000;

/** @returns how far the clocks of the two sides differ, where side b tells its own. */
export function clockFindings({ servers }: Pick<Status, 'servers'>): Finding[] {
  const ahead = servers?.b?.aheadMs ?? null;
  if (ahead === null) return [];
  const [behind, before] = ahead < 0 ? ['b', 'a'] : ['a', 'b'];
  const seconds = `${(Math.abs(ahead) / 1000).toFixed(1)} s`;
  if (Math.abs(ahead) <= CLOCKS_MS) return [ok('clock', `The clocks of the two sides agree (to ${seconds}).`)];
  const message = `The clock of side ${behind} is ${seconds} behind that of side ${before}: of two contents the older one can win.`;
  const hint = 'Set the clocks, on the machine that is wrong, with: sudo timedatectl set-ntp true';
  return [Math.abs(ahead) > CLOCKS_WRONG_MS ? wrong('clock', message, hint) : warn('clock', message, hint)];
}
