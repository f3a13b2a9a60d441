// `npm start`, after demo.mjs: runs both servers on the copies of the samples, each line with the name of its server, and
// prints the address of their page.
import { execFile } from 'node:child_process';
import concurrently from 'concurrently';

const server = (name, side, prefixColor, options = '') => ({
  ...{ name, prefixColor },
  command: `exec bin/${name} --dir demo/directory_${side}${options}`,
});
const { commands, result } = concurrently(
  [server('server-b', 'b', 'cyan'), server('server-a', 'a', 'magenta', ' --web 0')],
  {
    prefix: '{name} |',
    killOthersOn: ['failure', 'success'],
    killSignal: 'SIGTERM',
  },
);

// A server that writes into a pipe does not print the token of its page: whoever started it asks for it. In the directory
// of a pair the client finds its server by itself.
const { LOCKSTEP_SERVER: _anotherPair, ...env } = process.env;
const said = commands[1].stdout.subscribe((text) => {
  if (!/^page http|"event":"page"/m.test(text)) return;
  said.unsubscribe();
  execFile('../../bin/client', ['web'], { cwd: 'demo/directory_a', env }, (_error, stdout) => {
    if (stdout !== '') console.log(`The page, for ten minutes: ${stdout.trimEnd()}`);
  });
});

// The servers write into pipes: for them there is no terminal, and they ignore that this one is closed. concurrently itself
// may throw then, because it has nowhere to write to. However this process ends, they end with it.
process.on('exit', () => {
  for (const { exited, pid } of commands) {
    if (exited || pid === undefined) continue;
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  }
});
if (process.stdin.isTTY || process.stdout.isTTY) process.on('SIGHUP', () => process.exit(129));
result.catch(() => {
  process.exitCode = 1;
});
