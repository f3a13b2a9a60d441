// What a side offers of a content that it is to receive, when that is asked and when its sums are.
import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { coarseBlockBytes } from '../../../src/core/delta.js';
import type { FileEntry } from '../../../src/core/entry.js';
import { offerFor } from '../../../src/disk/apply/offer.js';
import { noise, sumsOf } from '../../support/delta.js';
import { DiskSite, file, link } from '../../support/disk-site.js';

const MIB = 1 << 20;
const OLD = noise(MIB + 7, 1);
const NEW = noise(MIB, 2);

async function offered(tree: Record<string, Buffer> = { f: OLD }, content = NEW) {
  const site = await DiskSite.open(tree);
  return { site, offer: offerFor(site, site.change('f', file(content))) };
}

test.each<[it: string, tree: Record<string, Buffer>, content: Buffer, base: number | null]>([
  ['the file to be replaced', { f: OLD }, NEW, OLD.length],
  ['nothing of a new file', {}, NEW, null],
  ['nothing of a small content', { f: OLD }, NEW.subarray(1), null],
  ['nothing where the file to be replaced is small', { f: OLD.subarray(0, 100) }, NEW, null],
])('%s is offered', async (_, tree, content, base) => {
  const { offer } = await offered(tree, content);
  expect(offer?.base?.size ?? null).toBe(base);
  expect(offer?.have ?? 0).toBe(0);
});

test('nothing is offered for what is no content, or is not trusted', async () => {
  const { site } = await offered();
  expect(offerFor(site, site.change('f', link('x')))).toBeNull();
  expect(offerFor(site, site.change('f', null))).toBeNull();
  site.staging.distrust(file(NEW) as FileEntry);
  expect(offerFor(site, site.change('f', file(NEW)))).toBeNull();
});

test('the sums of any ranges are those of the file, which is closed then', async () => {
  const { site, offer } = await offered();
  const blockBytes = coarseBlockBytes(OLD.length);
  const all = { at: 0, bytes: OLD.length };
  const part = { at: blockBytes, bytes: 3 * blockBytes };
  expect(await offer!.base!.sums(blockBytes, [all])).toEqual(sumsOf(OLD, blockBytes));
  expect(await offer!.base!.sums(blockBytes, [part])).toEqual(
    sumsOf(OLD.subarray(part.at, part.at + part.bytes), blockBytes),
  );
  expect(await offer!.base!.sums(1 << 10, [part])).toEqual(
    sumsOf(OLD.subarray(part.at, part.at + part.bytes), 1 << 10),
  );
  expect(site.openFiles()).toEqual([]);
});

test.each<[it: string, act: (site: DiskSite) => void]>([
  ['changed', (site) => fs.writeFileSync(site.at('f'), NEW)],
  ['gone', (site) => fs.rmSync(site.at('f'))],
])('a file that is %s has no sums but those that are remembered, and nothing else is closed', async (_, act) => {
  const { site, offer } = await offered();
  act(site);
  const { closeSync } = fs;
  const closed: number[] = [];
  vi.spyOn(fs, 'closeSync').mockImplementation((fd) => {
    closed.push(fd);
    if (fd > 2) closeSync(fd);
  });
  expect(await offer!.base!.sums(1 << 10, [{ at: 0, bytes: OLD.length }])).toBeNull();
  expect(closed.filter((fd) => fd <= 2)).toEqual([]);
});
