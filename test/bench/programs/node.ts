// Node without a program: what the start of a client costs at least. It keeps no directories equal.
import type { Program } from './program.js';

export const nodeAlone: Program = {
  name: 'node',
  version: () => process.versions.node,
  flags: 'node -e 0',
  durability: 'nothing',
  isLive: false,
  prepare: () => Promise.reject(new Error('Node by itself keeps no directories equal.')),
};
