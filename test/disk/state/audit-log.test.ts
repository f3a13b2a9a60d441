import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AuditLog } from '../../../src/disk/state/audit-log.js';
import { StateProblems } from '../../../src/disk/state/problems.js';
import { silent } from '../../../src/log.js';
import { makeRoot, removeRoot } from '../../support/trees.js';

function open(full?: number) {
  const directory = makeRoot('audit');
  const problems = new StateProblems(silent);
  const again = () => {
    const log = new AuditLog({ directory, problems, ...(full === undefined ? {} : { full }) });
    onTestFinished(() => log.close());
    return log;
  };
  onTestFinished(() => removeRoot(directory));
  const file = path.join(directory, 'audit.ndjson');
  return { directory, problems, file, log: again(), again, text: () => fs.readFileSync(file, 'utf8') };
}

describe('the audit log', () => {
  test('has a line as soon as it is written, readable by its owner alone', async () => {
    const { log, text, file } = open();
    await log.write({ n: 1 });
    expect(text()).toBe('{"n":1}\n');
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    await Promise.all([2, 3, 4].map((n) => log.write({ n })));
    expect(text()).toBe('{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n');
  });

  test('goes on with its file after a restart, and ends a line that was cut', async () => {
    const { log, again, text, file } = open();
    await log.write({ n: 1 });
    log.close();
    fs.appendFileSync(file, '{"n":');
    await again().write({ n: 2 });
    expect(text()).toBe('{"n":1}\n{"n":\n{"n":2}\n');
  });

  test('refuses while it cannot be written, says why, and goes on when it can', async () => {
    const { log, file, text, problems } = open();
    fs.mkdirSync(file);
    const refused = {
      code: 'failed',
      message: expect.stringMatching(/^Nothing was done, because it cannot be recorded/),
    };
    const both = await Promise.allSettled([log.write({ n: 1 }), log.write({ n: 2 })]);
    for (const one of both) expect((one as PromiseRejectedResult).reason).toMatchObject(refused);
    expect(problems.list()).toMatchObject([{ path: '.lockstep/audit.ndjson' }]);
    fs.rmdirSync(file);
    await log.write({ n: 3 });
    expect([text(), problems.list()]).toEqual(['{"n":3}\n', []]);
  });

  test('follows no link', async () => {
    const { log, file, directory } = open();
    fs.symlinkSync(path.join(directory, 'elsewhere'), file);
    await expect(log.write({ n: 1 })).rejects.toMatchObject({ code: 'failed' });
    expect(fs.existsSync(path.join(directory, 'elsewhere'))).toBe(false);
  });

  test.each<[string, (file: string) => void]>([
    ['removed', (file) => fs.rmSync(file)],
    ['moved away', (file) => fs.renameSync(file, `${file}.old`)],
    ['cut', (file) => fs.truncateSync(file, 3)],
  ])('is begun anew or gone on with where it was %s, which is a problem', async (_, spoil) => {
    const { log, file, text, problems } = open();
    await log.write({ n: 1 });
    spoil(file);
    await log.write({ n: 2 });
    expect(text().endsWith('{"n":2}\n')).toBe(true);
    expect(problems.list()).toMatchObject([
      { code: 'state-damaged', message: expect.stringContaining('may be missing') },
    ]);
  });

  test('keeps four full files, the latest as audit.1.ndjson', async () => {
    const { log, directory } = open(8);
    for (let n = 1; n <= 7; n++) await log.write({ n });
    const files = Object.fromEntries(
      fs.readdirSync(directory).map((name) => [name, fs.readFileSync(path.join(directory, name), 'utf8')]),
    );
    expect(files).toEqual({
      'audit.ndjson': '{"n":7}\n',
      'audit.1.ndjson': '{"n":6}\n',
      'audit.2.ndjson': '{"n":5}\n',
      'audit.3.ndjson': '{"n":4}\n',
      'audit.4.ndjson': '{"n":3}\n',
    });
  });
});
