// Server-b's introduction in `hello`. Earlier versions send only its id.
import * as v from 'valibot';
import { type Introduction, introducedBy } from '../../core/partner.js';
import { text, whole } from '../rpc/fields.js';
import { checked } from '../rpc/params.js';
import { bad } from './list.js';

export const MAX_DIR_CHARS = 8192;
/** The maximum number of ids in a list. */
const MAX_IDS = 64;

const id = text(0, 256);
const ids = v.pipe(v.array(id), v.maxLength(MAX_IDS));
const dir = text(0, MAX_DIR_CHARS);

const introduction = v.object({
  root: id,
  former: v.optional(ids),
  dir: v.optional(dir),
  epoch: v.nullish(whole(0, Number.MAX_SAFE_INTEGER)),
  partner: v.nullish(v.object({ root: id, dir, device: id, machine: id })),
});

/** @throws SyncError `bad-message`. */
export function introductionOf(hello: unknown): Introduction {
  const { root, former, dir, epoch, partner } = checked(introduction, hello, (why) =>
    bad(`the introduction of server-b, ${why}`),
  );
  return {
    ...introducedBy(root),
    ...(former === undefined ? {} : { former }),
    ...(dir === undefined ? {} : { dir }),
    ...(epoch === undefined || epoch === null ? {} : { epoch }),
    ...(partner === undefined || partner === null ? {} : { partner }),
  };
}

/** @throws SyncError `bad-message`. */
export const idsOf = (value: unknown): string[] => checked(ids, value, (why) => bad(`a list of ids, ${why}`));
