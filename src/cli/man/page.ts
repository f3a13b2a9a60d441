// A program's man page, generated from its help: all commands, arguments and options of commander's table, and the
// appendix. What the help hides is hidden here.
import type { Command, Help, Option } from 'commander';
import type { Appendix } from '../help/appendix.js';
import type { Row } from '../help/layout.js';
import { bold, lines, roff, section, tagged, verbatim } from './roff.js';

/** Facts about the package. */
interface PageFrame {
  /** The name of the page: the words of the program with dashes. */
  readonly name: string;
  readonly version: string;
  /** The other programs with a man page. */
  readonly seeAlso: readonly string[];
}

/** @returns the man page of `program`, as roff with the man macros. */
export function manPage(program: Command, appendix: Appendix, { name, version, seeAlso }: PageFrame): string {
  const help = program.createHelp();
  const about = program.description();
  const others = seeAlso.map((other) => `${bold(other)}(1)`).join(', ');
  return [
    `.TH ${roff(name.toUpperCase())} 1 "" "Lockstep ${roff(version)}" "Lockstep"`,
    // Words are not hyphenated, because they may have to be typed.
    '.nh',
    ...section('NAME', [`${roff(name)} \\- ${roff(phrase(about))}`]),
    ...section('SYNOPSIS', [`${bold(program.name())} ${roff(program.usage())}`]),
    ...section(
      'DESCRIPTION',
      [about, ...appendix.notes].map((text) => `.PP\n${lines(text)}`),
    ),
    ...section('OPTIONS', [...argumentsOf(program, help), ...optionsOf(help.visibleOptions(program), help)]),
    ...section('COMMANDS', commandsOf(program, help)),
    ...section('ENVIRONMENT', environmentOf(appendix)),
    ...section('EXIT STATUS', appendix.exitCodes.map(definition)),
    ...section('EXAMPLES', appendix.examples.map(example)),
    ...section('SEE ALSO', [others]),
    '',
  ].join('\n');
}

/** @returns the first sentence as the NAME section has it: `Watches x.` becomes `watches x`. */
const phrase = (errorText: string): string => errorText.charAt(0).toLowerCase() + errorText.slice(1).replace(/\.$/, '');

const definition = ([word, meaning]: Row): string => tagged(bold(word), lines(meaning));

const example = ([line, meaning]: Row): string =>
  `.PP\n${verbatim(line)}${meaning === '' ? '' : `\n.RS\n${lines(meaning)}\n.RE`}`;

const environmentOf = ({ environment, environmentNote }: Appendix): string[] => [
  ...environment.map(definition),
  ...(environmentNote === '' ? [] : [`.PP\n${lines(environmentNote)}`]),
];

const argumentsOf = (command: Command, help: Help): string[] =>
  help
    .visibleArguments(command)
    .map((argument) =>
      tagged(`\\fI${roff(help.argumentTerm(argument))}\\fR`, lines(help.argumentDescription(argument))),
    );

const optionsOf = (options: readonly Option[], help: Help): string[] =>
  options.map((option) => definition([help.optionTerm(option), help.optionDescription(option)]));

/** Lists each command with its arguments and options, indented, without --help. */
function commandsOf(program: Command, help: Help): string[] {
  return help.visibleCommands(program).map((command) => {
    const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
    const own = [...argumentsOf(command, help), ...optionsOf(options, help)];
    const inner = own.length === 0 ? [] : ['.RS', ...own, '.RE'];
    return [definition([help.subcommandTerm(command), help.subcommandDescription(command)]), ...inner].join('\n');
  });
}
