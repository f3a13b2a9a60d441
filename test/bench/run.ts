// Runs scenarios: in each repetition every program takes its turn, so that all of them meet the same machine. A program that
// fails is left out of the other repetitions and named; the others go on.
import { load } from './machine.js';
import { Place } from './place.js';
import type { Program, ProgramName } from './programs/program.js';
import { evaluate, type Failure, type Options, type ScenarioReport } from './report.js';
import type { Bench, Figure, Scenario } from './scenario.js';
import { shown } from './shown.js';

/**
 * @param programs those that are installed.
 * @param say is told what was measured, as soon as it was.
 */
export async function runScenario(
  scenario: Scenario,
  programs: readonly Program[],
  { reps, where, scale }: Options,
  say: (text: string) => void,
): Promise<ScenarioReport> {
  const before = load();
  const place = new Place(scenario.where ?? where);
  const bench = benchIn(place, scale);
  const measured = new Map<ProgramName, (readonly Figure[] | null)[]>(programs.map(({ name }) => [name, []]));
  const failures = new Map<ProgramName, Failure>();
  for (let repetition = 0; repetition < reps; repetition++) {
    for (const program of programs) {
      const figures = failures.has(program.name) ? null : await attempt(scenario, program, bench, failures);
      measured.get(program.name)!.push(figures);
      if (figures !== null) say(`${scenario.name} ${repetition + 1}/${reps} ${program.name}: ${inLine(figures)}`);
    }
  }
  for (const { program, message } of failures.values()) say(`${scenario.name} ${program} FAILED: ${message}`);
  const { name, what } = scenario;
  const { isMemory } = place;
  place.close();
  const evaluated = evaluate(scenario, measured);
  return {
    name,
    what,
    where: isMemory ? 'memory' : 'disk',
    load: before,
    ...evaluated,
    failures: [...failures.values()],
  };
}

/** @returns where a scenario is run, and how large. */
export function benchIn(place: Place, scale: number): Bench {
  return { place, scaled: (amount) => Math.max(1, Math.round(amount * scale)) };
}

async function attempt(
  scenario: Scenario,
  program: Program,
  bench: Bench,
  failures: Map<ProgramName, Failure>,
): Promise<readonly Figure[] | null> {
  try {
    return await scenario.run(program, bench);
  } catch (error) {
    failures.set(program.name, { program: program.name, message: (error as Error).message });
    return null;
  }
}

function inLine(figures: readonly Figure[]): string {
  return figures.map(({ measure, value, unit }) => `${measure} ${shown(value, unit)}`).join(', ');
}
