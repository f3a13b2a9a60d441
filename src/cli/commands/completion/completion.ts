// `client completion bash|zsh|fish`: prints a script that runs `client __complete` at every Tab, for every program.

import type { CommandContext } from '../../context.js';
import { EXIT_OK } from '../../exit-codes.js';
import { usageError } from '../../report-error.js';

/** The programs that complete their words. The client completes for the servers, too: it stands beside them. */
const PROGRAMS = ['client', 'lockstep', 'server-a', 'server-b', 'lockstep-server-a', 'lockstep-server-b'].join(' ');

const bash = (name: string): string => `# Lockstep: completion for bash. Load it with: source <(${name} completion bash)
_lockstep() {
  local line program="\${COMP_WORDS[0]}"
  case "$program" in
    *lockstep-server-[ab]) program="\${program%-server-[ab]}" ;;
    *server-[ab]) program="\${program%server-[ab]}client" ;;
  esac
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$program" __complete bash -- "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  # In a directory one goes on.
  if [[ \${#COMPREPLY[@]} == 1 && "\${COMPREPLY[0]}" == */ ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -F _lockstep ${PROGRAMS}
`;

const zsh = (name: string): string => `#compdef ${PROGRAMS}
# Lockstep: completion for zsh. Load it with: source <(${name} completion zsh)
_lockstep() {
  local line value note program="\${words[1]}"
  local -a values notes directories
  case "$program" in
    *lockstep-server-[ab]) program="\${program%-server-[ab]}" ;;
    *server-[ab]) program="\${program%server-[ab]}client" ;;
  esac
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    note="\${line#*$'\\t'}"
    if [[ "$value" == */ ]]; then directories+=("$value"); continue; fi
    values+=("$value")
    if [[ -n "$note" ]]; then notes+=("$value  -- $note"); else notes+=("$value"); fi
  done < <("$program" __complete zsh -- "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  compadd -S '' -a -- directories
  compadd -l -d notes -a -- values
}
if [[ "\${funcstack[1]}" == _lockstep ]]; then _lockstep "$@"; else compdef _lockstep ${PROGRAMS}; fi
`;

const fish = (name: string): string => `# Lockstep: completion for fish. Load it with: ${name} completion fish | source
function __lockstep
    set -l words (commandline -opc)
    set -l program (string replace -r 'lockstep-server-[ab]$' lockstep -- $words[1])
    set program (string replace -r 'server-[ab]$' client -- $program)
    $program __complete fish -- (commandline -cp) 2>/dev/null
end
for program in ${PROGRAMS}
    complete -c $program -f -a '(__lockstep)'
end
`;

const SCRIPTS: Readonly<Record<string, (name: string) => string>> = { bash, zsh, fish };

export async function completion(context: CommandContext, shell: string): Promise<number> {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) throw usageError(`There is no completion for "${shell}".`, 'Name bash, zsh or fish.');
  context.out(script(context.names.client));
  return EXIT_OK;
}
