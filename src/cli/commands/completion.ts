// `client completion bash|zsh|fish`: prints a script that runs `client __complete` at every Tab.

import type { CommandContext } from '../context.js';
import { EXIT_OK } from '../exit-codes.js';
import { usageError } from '../report-error.js';

const BASH = `# Lockstep's client: completion for bash. Load it with: source <(client completion bash)
_lockstep_client() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" __complete bash -- "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  compopt -o filenames 2>/dev/null
}
complete -F _lockstep_client client
`;

const ZSH = `#compdef client
# Lockstep's client: completion for zsh. Load it with: source <(client completion zsh)
_lockstep_client() {
  local line value note
  local -a values notes
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    note="\${line#*$'\\t'}"
    values+=("$value")
    if [[ -n "$note" ]]; then notes+=("$value  -- $note"); else notes+=("$value"); fi
  done < <("\${words[1]}" __complete zsh -- "\${(j: :)words[1,CURRENT]}" 2>/dev/null)
  compadd -l -d notes -a -- values
}
if [[ "\${funcstack[1]}" == _client ]]; then _lockstep_client "$@"; else compdef _lockstep_client client; fi
`;

const FISH = `# Lockstep's client: completion for fish. Load it with: client completion fish | source
function __lockstep_client
    set -l words (commandline -opc)
    $words[1] __complete fish -- (commandline -cp) 2>/dev/null
end
complete -c client -f -a '(__lockstep_client)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export async function completion(context: CommandContext, shell: string): Promise<number> {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) throw usageError(`There is no completion for "${shell}".`, 'Name bash, zsh or fish.');
  context.out(script);
  return EXIT_OK;
}
