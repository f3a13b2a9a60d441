// Server-b's introduction in `hello`. Earlier versions send only its id.
import { type Introduction, introducedBy, type RootDescription } from '../../core/partner.js';
import { bad, object, shortText, whole } from './list.js';

const MAX_ID_CHARS = 256;
export const MAX_DIR_CHARS = 8192;
/** The maximum number of ids in a list. */
const MAX_IDS = 64;

/** @throws SyncError `bad-message`. */
export function introductionOf(hello: Readonly<Record<string, unknown>>): Introduction {
  const { root, former, dir, epoch, partner } = hello;
  return {
    ...introducedBy(shortText(root, 'the id of a root', MAX_ID_CHARS)),
    ...(former === undefined ? {} : { former: idsOf(former) }),
    ...(dir === undefined ? {} : { dir: shortText(dir, 'a directory', MAX_DIR_CHARS) }),
    ...(epoch === undefined || epoch === null ? {} : { epoch: whole(epoch, 'an epoch', 0) }),
    ...(partner === undefined || partner === null ? {} : { partner: descriptionOf(partner) }),
  };
}

/** @throws SyncError `bad-message`. */
export function idsOf(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > MAX_IDS) throw bad('a list of ids is not valid');
  return value.map((id) => shortText(id, 'the id of a root', MAX_ID_CHARS));
}

function descriptionOf(value: unknown): RootDescription {
  const { root, dir, device, machine } = object(value, 'a description of a root');
  return {
    root: shortText(root, 'the id of a root', MAX_ID_CHARS),
    dir: shortText(dir, 'a directory', MAX_DIR_CHARS),
    device: shortText(device, 'a device', MAX_ID_CHARS),
    machine: shortText(machine, 'a machine', MAX_ID_CHARS),
  };
}
