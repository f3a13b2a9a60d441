// The order of the test files. Vitest begins with what took longest the last time, and without such a memory, as in a fresh
// checkout, with the largest files; whole programs are started by small ones, too, and one of them at the end has
// a processor wait.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONG = /\/test\/(?:e2e|sim|load|crash)\//;

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
