#compdef molecule
# Completion of molecule for zsh, printed by 'molecule completion zsh'.
#
# To have it in every new shell, add to ~/.zshrc, below the line with compinit:
#   source <(molecule completion zsh)
# or save it as a file _molecule in a folder of $fpath.

# What is known: each function looks its argument up, and sets variables of its caller. A choice is a
# word, and behind a colon its summary.

# <tables>

# What is known of a flag at this place. Fails for one that is unknown.
_molecule_learn() {
  flag= kind= many= by= scope= list= choices=()
  _molecule_flag "$node $1" || _molecule_flag "$1"
}

# Takes note of a word before the cursor's.
_molecule_read() {
  local word=$1 tail
  local -i at
  if [[ -n $rest ]]; then
    return
  elif [[ -n $wanted ]]; then
    given+=("$wanted=$word") wanted=
  elif [[ -z $ended && $word == -- ]]; then
    ended=yes rest=$passes
  elif [[ -n $ended || $word != -?* ]]; then
    _molecule_step "$word"
  elif [[ $word == --* ]]; then
    _molecule_learn "${word%%=*}" || return 0
    if [[ $word == *=* ]]; then
      given+=("$flag=${word#*=}")
    elif [[ $kind == (plain|switch) ]]; then
      given+=("$flag")
    else
      wanted=$flag
    fi
  else
    for ((at = 2; at <= $#word; at++)); do
      _molecule_learn "-${word[at]}" || return 0
      tail=${word[at+1,-1]}
      if [[ $kind == (plain|switch) && $tail != '='* ]]; then
        given+=("$flag")
      elif [[ -n $tail ]]; then
        given+=("$flag=${tail#=}")
        return
      else
        wanted=$flag
      fi
    done
  fi
}

# <common>

# <listed>

# Offers what may stand for a value of 'kind', behind so many characters of the word.
_molecule_value() {
  local one key
  compset -p $1 || return
  case $kind in
    words) _describe -t values value choices ;;
    file) _files ;;
    folder) _path_files -/ ;;
    listed) _molecule_listed ;;
    pairs)
      for one in "${given[@]}"; do
        [[ $one == "$by="* ]] && key=${one#*=}
      done
      choices=()
      if [[ -n $key ]] && _molecule_keys "$scope $key"; then
        scope="$scope $key"
      else
        _molecule_keys "$scope"
      fi
      if [[ $PREFIX != *=* ]]; then
        _molecule_fresh
        _describe -t values option choices -S ''
        return
      fi
      key=${PREFIX%%=*} kind= choices=()
      _molecule_pair "$scope $key" && _molecule_value $(($#key + 1))
      ;;
    *) return 1 ;;
  esac
}

# Leaves the keys out of 'choices' that the flag was given already.
_molecule_fresh() {
  local choice one key
  local -a kept
  for choice in "${choices[@]}"; do
    key=${choice%%:*}
    for one in "${given[@]}"; do
      [[ $key == *= && $one == "$flag=$key"* ]] && continue 2
    done
    kept+=("$choice")
  done
  choices=("${kept[@]}")
}

# Offers the flags that are known here, less those that are given and can't be given again.
_molecule_names() {
  local id choice one
  local -a offered negatives found
  for id in ${node:+"$node"} ''; do
    offered=() negatives=()
    _molecule_flags "$id" || continue
    [[ $PREFIX == --n* ]] || negatives=()
    for choice in "${offered[@]}" "${negatives[@]}"; do
      _molecule_learn "${choice%%:*}"
      for one in "${given[@]}"; do
        [[ -z $many && ( $one == "$flag" || $one == "$flag="* ) ]] && continue 2
      done
      found+=("$choice")
    done
  done
  _describe -O flag found
}

# Whether the group is to run as a command: it was given a flag of its own.
_molecule_settled() {
  local one
  for one in "${given[@]}"; do
    _molecule_flag "$node ${one%%=*}" && return
  done
  return 1
}

_molecule() {
  local cur=$PREFIX word flag kind many by scope list group runs passes node wanted ended rest helped lost
  local -i place=0 failed=1
  local -a choices below once given
  _molecule_enter ''
  for word in "${(@)words[2,CURRENT-1]}"; do
    _molecule_read "${(Q)word}"
  done
  if [[ -n $lost ]]; then
    return 1
  elif [[ -n $rest ]]; then
    _files
  elif [[ -n $wanted ]]; then
    _molecule_learn "$wanted"
    _molecule_value 0
  elif [[ -z $ended && $cur == --*=* ]]; then
    _molecule_learn "${cur%%=*}" || return
    [[ $kind == switch ]] && kind=words choices=(true false)
    _molecule_value ${#cur[1,(i)=]}
  elif [[ -z $ended && $cur == -[^-]?* ]]; then
    _molecule_learn "${cur[1,2]}" || return
    _molecule_value $(( ${${cur[3]}[(I)=]} + 2 ))
  elif [[ -z $ended && $cur == -* ]]; then
    _molecule_names
  elif [[ -n $group ]]; then
    [[ -n $helped ]] || below+=("${once[@]}")
    _molecule_settled || { _describe -t commands command below && failed=0 }
    [[ -n $runs && -z $helped$ended$cur ]] && _molecule_names && failed=0
    return failed
  elif [[ -z $helped ]] && kind= choices=() && _molecule_place "$node $place"; then
    _molecule_value 0
  elif [[ -z $helped && -z $ended && -z $cur ]]; then
    _molecule_names
  else
    return 1
  fi
}

if [[ ${funcstack[1]-} == _molecule ]]; then
  _molecule "$@"
elif (( ${+functions[compdef]} )); then
  compdef _molecule molecule
else
  print -ru2 -- "molecule: completion in zsh needs compinit: put 'autoload -Uz compinit && compinit' above it"
fi
