import { describe, expect, it } from 'vitest';
import { type Progress, SyncBar } from '../../../src/cli/server/sync-bar.js';
import type { SyncEvent } from '../../../src/core/events.js';

const IN_SYNC: SyncEvent = { event: 'in-sync', files: 4, bytes: 4096 };

/** One line of a terminal, which knows carriage return, line feed and clearing to the end. */
class Lines {
  readonly columns = 80;
  writes = 0;
  readonly above: string[] = [];
  line = '';

  write(text: string): void {
    this.writes++;
    for (const part of text.match(/\r\u001b\[K|\n|[^\r\n\u001b]+/g) ?? []) {
      if (part === '\n') {
        this.above.push(this.line);
        this.line = '';
      } else if (part.startsWith('\r')) this.line = '';
      else this.line += part;
    }
  }
}

const work = (doneFiles: number, doneBytes: number, files: number, bytes: number): Progress => ({
  done: { files: doneFiles, bytes: doneBytes },
  left: { files: files - doneFiles, bytes: bytes - doneBytes },
  percent: bytes === 0 ? 0 : Math.floor((doneBytes / bytes) * 100),
});

function bench(terminal: Lines | null = new Lines()) {
  let now = 0;
  let progress = work(0, 0, 0, 0);
  const bar = new SyncBar(terminal, () => now);
  bar.follow(() => progress);
  const at = (time: number, ...figures: Parameters<typeof work>) => {
    now = time;
    progress = work(...figures);
    bar.draw();
    return terminal?.line;
  };
  return { bar, at };
}

describe('the bar of the servers', () => {
  it.each<SyncEvent>([
    { event: 'peer-connected' },
    { event: 'resumed', by: null },
    { event: 'syncing', files: 1, bytes: 1 },
  ])(
    'begins with $event, shows files, bytes, rate and time left once it takes a while, and goes at in-sync',
    (event) => {
      const lines = new Lines();
      const { bar, at } = bench(lines);
      bar.event(event);
      expect(at(0, 0, 0, 4, 4096)).toBe('');
      expect(at(250, 0, 0, 4, 4096)).toBe('');
      expect(at(1000, 1, 1024, 4, 4096)).toMatch(
        /^1 of 4 changes \[#+\.+\] {2}25 % {2}1\.00 KB of 4\.00 KB {2}1\.00 KB\/s {2}0:03 left$/,
      );
      expect(at(2000, 3, 3072, 4, 4096)).toMatch(/^3 of 4 changes .* 75 % /);
      bar.event(IN_SYNC);
      expect(lines).toMatchObject({ line: '', above: [] });
    },
  );

  it('fits its width with all of its label, whatever the figures', () => {
    for (let columns = 20; columns < 130; columns++) {
      const lines = new Lines();
      Object.assign(lines, { columns });
      const { at } = bench(lines);
      at(0, 0, 0, 123_456, 1_181_116_006_000);
      const line = at(1000, 98_765, 987_654_321_000, 123_456, 1_181_116_006_000)!;
      expect(line.length).toBeLessThan(columns);
      if (columns >= 31) expect(line).toMatch(/^98765 of 123456 changes .* 83 %/);
      if (columns >= 80) expect(line).toMatch(/^98765 of 123456 changes (\[#+\.+\] )? 83 % {2}919\.82 GB of 1\.07 TB/);
    }
  });

  it('stands below the lines of the log and mangles none', () => {
    const lines = new Lines();
    const { bar, at } = bench(lines);
    at(0, 0, 0, 2, 10);
    const shown = at(1000, 1, 5, 2, 10);
    for (const text of ['one\n', 'two\nthree\n']) bar.aside(() => lines.write(text));
    expect(lines).toMatchObject({ line: shown, above: ['one', 'two', 'three'] });
    bar.stop();
    bar.aside(() => lines.write('four\n'));
    expect(lines).toMatchObject({ line: '', above: ['one', 'two', 'three', 'four'] });
  });

  it('counts files where there are no bytes to carry', () => {
    const { at } = bench();
    at(0, 0, 0, 3, 0);
    expect(at(1000, 2, 0, 3, 0)).toBe('2 of 3 changes');
  });

  it.each<SyncEvent>([
    { event: 'peer-lost', reason: 'x' },
    { event: 'halted', code: 'x', message: 'x' },
    { event: 'paused', by: 'x' },
    IN_SYNC,
  ])('is gone at $event', (event) => {
    const lines = new Lines();
    const { bar, at } = bench(lines);
    at(0, 0, 0, 3, 9);
    expect(at(1000, 2, 6, 3, 9)).not.toBe('');
    bar.event(event);
    expect(lines.line).toBe('');
  });

  it('is nothing without a terminal', () => {
    const { bar, at } = bench(null);
    let wrote = 0;
    at(0, 0, 0, 3, 9);
    expect(() => at(1000, 2, 6, 3, 9)).not.toThrow();
    bar.aside(() => void wrote++);
    expect(wrote).toBe(1);
  });

  it('writes nothing on a terminal while there is nothing to say', () => {
    const lines = new Lines();
    const { bar, at } = bench(lines);
    bar.event({ event: 'peer-connected' });
    at(0, 0, 0, 0, 0);
    at(5000, 0, 0, 0, 0);
    bar.event(IN_SYNC);
    bar.stop();
    expect(lines.writes).toBe(0);
  });
});
