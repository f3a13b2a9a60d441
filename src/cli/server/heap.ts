// How much garbage a server may gather. V8 lets a heap grow to several times what is in use before it looks for garbage,
// which of a tree of 200,000 files is more than everything that is known of it.
import v8 from 'node:v8';

/** Garbage is looked for when what is in use has grown by so much since the last time; there is no limit to what is in use. */
const GROWTH_PERCENT = 30;

/** To be called before there is much in memory. */
export function boundGarbage(): void {
  v8.setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
