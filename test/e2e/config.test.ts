// config.toml by the real programs: what it gives them, and what `lockstep config` shows of it.
import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { PairOfPrograms, run } from '../support/programs.js';

interface Value {
  readonly name: string;
  readonly value: string;
  readonly from: string;
}

let pair: PairOfPrograms;
let env: NodeJS.ProcessEnv;
let file: string;
beforeEach(() => {
  pair = new PairOfPrograms();
  const config = path.join(pair.directory, 'config');
  file = path.join(config, 'lockstep', 'config.toml');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  env = Object.assign(pair.env, { XDG_CONFIG_HOME: config });
  onTestFinished(() => pair.close());
});

const values = async (cwd = pair.directory): Promise<Map<string, Value>> => {
  const { stdout } = await run('lockstep', ['config', '--json'], env, '', cwd);
  const shown = JSON.parse(stdout) as { file: string; values: Value[] };
  expect(shown.file).toBe(file);
  return new Map(shown.values.map((value) => [value.name, value]));
};

it('shows every value and where it comes from: variable, line of the file, default', async () => {
  fs.writeFileSync(
    file,
    '[server-a]\nport = 9000\nguard = true\n\n[client]\nas = "anna"\n\n[pairs.art]\ndir = "/x"\nother = "/y"\n',
  );
  env.LOCKSTEP_B_RESCAN = '';
  env.LOCKSTEP_A_PORT = '9001';
  env.LOCKSTEP_B_DIR = '/srv/art';
  const shown = await values();
  const of = (name: string) => [shown.get(name)?.value, shown.get(name)?.from];
  expect(of('server-a --port')).toEqual(['9001', 'LOCKSTEP_A_PORT']);
  expect(of('server-a --guard')).toEqual(['1', `${file}, line 3`]);
  expect(of('server-a --rescan')).toEqual(['60s', 'default']);
  expect(of('server-b --dir')).toEqual(['/srv/art', 'LOCKSTEP_B_DIR']);
  expect(of('server-b --port')).toEqual(['8081', 'default']);
  expect(of('server-b --no-fsync')).toEqual(['off', 'default']);
  expect(of('user')).toEqual(['anna', `${file}, line 6`]);
  expect(of('art.other')).toEqual(['/y', `${file}, line 10`]);
  expect(of('side')).toEqual(['that of the server', 'default']);
});

it('has the side of the directory only where the pair of the directory is asked', async () => {
  await pair.startB();
  const inB = await values(pair.b);
  expect(inB.get('side')).toMatchObject({ value: 'b', from: 'the pair of this directory' });
  env.LOCKSTEP_SERVER = `127.0.0.1:${pair.portB}`;
  expect((await values(pair.b)).get('side')).toMatchObject({ value: 'that of the server', from: 'default' });
});

it('gives the servers and the client what no option says', async () => {
  fs.writeFileSync(file, '[server-b]\nname = "office"\n\n[server-a]\nname = "home"\n\n[client]\njson = true\n');
  await pair.start();
  const { stdout } = await run('client', ['--server', `127.0.0.1:${pair.portA}`, 'status'], env);
  expect(JSON.parse(stdout)).toMatchObject({ names: { a: 'home', b: 'office' } });
});

it('names the line that is wrong, for each program', async () => {
  fs.writeFileSync(file, '[server-a]\nport = "x"\n\n[server-b]\nprot = 1\n\n[client]\nside = "c"\n');
  const said = async (program: 'server-a' | 'server-b' | 'client') => {
    const { code, stderr } = await run(program, [], env, '', pair.directory);
    return [code, stderr];
  };
  expect(await said('server-a')).toEqual([2, expect.stringContaining(`${file}, line 2: port takes a number`)]);
  expect(await said('server-b')).toEqual([
    2,
    expect.stringContaining(`${file}, line 5 has an unknown key server-b.prot.`),
  ]);
  expect(await said('client')).toEqual([2, expect.stringContaining(`${file}, line 8: side takes a or b, not "c".`)]);
});
