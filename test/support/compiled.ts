// Some of our modules as plain JavaScript in a temporary directory, for child processes that are to be killed: a child
// runs the code of this very checkout, whatever is or is not in dist.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { makeRoot } from './trees.js';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/**
 * @param modules paths below `src`, without extension; what they import of ours comes along.
 * @returns the directory that holds them.
 */
export function compiled(modules: readonly string[]): string {
  const out = makeRoot('compiled');
  fs.writeFileSync(path.join(out, 'package.json'), '{"type":"module"}');
  fs.symlinkSync(packages, path.join(out, 'node_modules'));
  const seen = new Set<string>();
  const compile = (module: string) => {
    if (seen.has(module)) return;
    seen.add(module);
    const text = fs.readFileSync(path.join(source, `${module}.ts`), 'utf8');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
    const { outputText } = ts.transpileModule(text, { compilerOptions: options });
    const file = path.join(out, `${module}.js`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, outputText);
    for (const [, found] of outputText.matchAll(/from '(\.[^']+)\.js'/g)) {
      compile(path.posix.join(path.posix.dirname(module), found!));
    }
  };
  for (const module of modules) compile(module);
  return out;
}

/** A child process that says lines. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves when the child has said a line for which `test` is true; throws when it ends first. */
  said(test: (line: string) => boolean): Promise<string>;
  /** Ends it at once, and waits for the end. */
  kill(): Promise<void>;
}

/** Runs `script` (ESM) in a child process of the directory that `compiled` returned. It is killed after the test. */
export function run(directory: string, script: string, args: readonly string[] = []): Child {
  const file = path.join(directory, `script-${process.hrtime.bigint()}.js`);
  fs.writeFileSync(file, script);
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let errors = '';
  const waiting = new Set<() => void>();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stderr.on('data', (text) => {
    errors += text;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const wake of waiting) wake();
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  const said = (test: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const scan = () => {
        const line = lines.find(test);
        if (line === undefined) return;
        waiting.delete(scan);
        resolve(line);
      };
      waiting.add(scan);
      void ended.then(() => reject(new Error(`The child has ended: ${errors}`)));
      scan();
    });
  return { process: child, lines, said, kill };
}
