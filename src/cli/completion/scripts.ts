/** Completion for shells: each asks `petri __complete WORDS…` and offers the lines it prints. */

const BASH = `_petri() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  local found
  found=$(petri __complete "\${words[@]}" 2>/dev/null) || return
  if [ "$found" = :files ]; then
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  else
    COMPREPLY=($(compgen -W "$found" -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -o default -F _petri petri
`;

const ZSH = `#compdef petri
_petri() {
  local -a found
  found=("\${(@f)$(petri __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "$found[1]" == :files ]]; then _files; else compadd -- "\${found[@]}"; fi
}
compdef _petri petri
`;

const FISH = `function __petri_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (petri __complete $words[2..-1] 2>/dev/null)
  if test "$found" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c petri -f -a '(__petri_complete)'
`;

export const scripts: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
