// `npm start`, after demo.mjs: runs both servers on the copies of the samples, each line with the name of its server.
import concurrently from 'concurrently';

const server = (name, side, prefixColor) => ({
  ...{ name, prefixColor },
  command: `exec bin/${name} --dir demo/directory_${side}`,
});
const { commands, result } = concurrently([server('server-b', 'b', 'cyan'), server('server-a', 'a', 'magenta')], {
  prefix: '{name} |',
  killOthersOn: ['failure', 'success'],
  killSignal: 'SIGTERM',
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
