# Takes note of a command, or of a word that a command takes.
_molecule_step() {
  if [[ -z $group ]]; then
    place=$((place + 1))
  elif [[ -n $1 && $1 != *' '* ]] && _molecule_enter "${node:+$node }$1"; then
    return
  elif [[ $1 == help ]]; then
    helped=yes
    _molecule_enter "$node"
  else
    lost=yes
  fi
}

# Goes to a command. Fails if there is no such command.
_molecule_enter() {
  group='' runs='' passes='' below=() once=()
  _molecule_node "$1" && node=$1
}
