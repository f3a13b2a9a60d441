// Whether a mutant passes the compiler. One that does not could never have been committed: it is no mutant.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** What is no fault of a mutant: names and statements that it leaves unused. */
const HARMLESS = [6133, 6138, 6192, 6196, 6198, 7027];

export class Checker {
  readonly #service: ts.LanguageService;
  #changed: { file: string; text: string } | null = null;
  #version = 0;

  constructor(checkout: string) {
    const config = path.join(checkout, 'tsconfig.json');
    const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, checkout);
    const changed = (name: string) => (path.join(checkout, this.#changed?.file ?? '') === name ? this.#changed : null);
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => ({ ...parsed.options, noEmit: true, incremental: false }),
      getScriptFileNames: () => parsed.fileNames,
      getScriptVersion: (name) => (changed(name) === null ? '0' : `m${this.#version}`),
      getScriptSnapshot: (name) => {
        const text = changed(name)?.text ?? (fs.existsSync(name) ? fs.readFileSync(name, 'utf8') : null);
        return text === null ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => checkout,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
    this.#checkout = checkout;
  }

  readonly #checkout: string;

  /** @returns whether `file` (from the checkout) compiles with this text. Files that import it are not looked at. */
  passes(file: string, text: string): boolean {
    this.#changed = { file, text };
    this.#version++;
    const name = path.join(this.#checkout, file);
    const found = [...this.#service.getSyntacticDiagnostics(name), ...this.#service.getSemanticDiagnostics(name)];
    return !found.some(({ code, category }) => category === ts.DiagnosticCategory.Error && !HARMLESS.includes(code));
  }
}
