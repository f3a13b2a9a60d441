// The client for scripts of the shell, without starting a process of Node each time: a few lines of bash hand the words
// to the process of the test, and print what came of them. What reads its stdin or goes on talking is the real program.
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';

/** What a line of the client came to. */
export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The variable that tells the program of the shell where the test listens. */
const PORT = 'LOCKSTEP_DOCUMENTS_PORT';

/** @param real the program for what this one does not do. */
export function writeQuickClient(file: string, real: string): void {
  const lines = [
    '#!/bin/bash',
    `case " $* " in *' menu '*|*' shell '*|*' watch '*) exec '${real}' "$@";; esac`,
    `exec 3<>/dev/tcp/127.0.0.1/$${PORT}`,
    'printf "%s\\0" "$#" "$PWD" "$@" >&3',
    'read -r code length <&3',
    'head -c "$length" <&3 >&2',
    'cat <&3',
    'exit "$code"',
  ];
  fs.writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o755 });
}

/** Answers the programs of a shell while `work` lasts. @param run runs a line of the client in a directory. */
export async function withQuickClient<T>(
  run: (words: readonly string[], cwd: string) => Promise<Answer>,
  work: (env: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const server = net.createServer((socket) => {
    let heard = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      const [count, cwd, ...words] = heard.split('\0').slice(0, -1);
      if (count === undefined || words.length < Number(count)) return;
      void run(words, cwd!).then(({ code, out, err }) => {
        socket.end(`${code} ${Buffer.byteLength(err)}\n${err}${out}`);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work({ [PORT]: String((server.address() as AddressInfo).port) });
  } finally {
    server.close();
  }
}
