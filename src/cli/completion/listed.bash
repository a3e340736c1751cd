# Offers the words that a file in the home folder lists, a line each, their names behind a tab. Where none
# of them goes on as the value begins, the one whose name does. Names are shown where bash only shows.
_molecule_listed() {
  local file=${HOME-}/$list text=${cur:${#lead}} pattern line word name left=500 long=''
  local -a hits named
  [[ -n ${HOME-} && -f $file && -r $file && -O $file ]] || return 0
  order=yes hits=() named=()
  _molecule_caseless "$text"
  while ((left-- > 0)) && { IFS= read -r -n 400 line || [[ -n $line ]]; }; do
    # Too long to be one of ours: all its pieces are left out.
    if [[ -n $long || ${#line} -eq 400 ]]; then
      long=${line:399}
    elif [[ $line == "$text"* ]]; then
      _molecule_entry && hits[${#hits[@]}]=$lead$word
    elif [[ ${#hits[@]} -eq 0 && $line == *$'\t'$pattern* ]]; then
      _molecule_entry && named[${#named[@]}]=$lead$word
    fi
  done < "$file"
  # Of several names the shell would insert what their words have in common.
  if [[ ${#hits[@]} -eq 0 && ( ${#named[@]} -eq 1 || ${COMP_TYPE-} == 63 ) ]]; then
    found=(${named[@]+"${named[@]}"})
  else
    found=(${hits[@]+"${hits[@]}"})
  fi
}

# The word of a line, with its name where that can be shown. Fails where it is none.
_molecule_entry() {
  word=${line%%$'\t'*}
  # Ranges are quicker than all their letters; where a locale has more in them, it does no harm.
  [[ $word == [0-9A-Za-z]* && $word != *[!0-9A-Za-z._-]* && ${#word} -le 128 ]] || return 1
  [[ ${COMP_TYPE-} == 63 ]] || return 0
  name=${line:${#word}+1:60}
  word=$word${name:+  ${name//[[:cntrl:]]/ }}
}

# Makes a pattern of a text, for any case of its letters.
_molecule_caseless() {
  local i char before lower=abcdefghijklmnopqrstuvwxyz upper=ABCDEFGHIJKLMNOPQRSTUVWXYZ
  pattern=''
  for ((i = 0; i < ${#1}; i++)); do
    char=${1:i:1}
    before=${lower%%"$char"*}
    [[ $before != "$lower" ]] || before=${upper%%"$char"*}
    if [[ $before != "$upper" ]]; then
      pattern=$pattern[${lower:${#before}:1}${upper:${#before}:1}]
    else
      pattern=$pattern\\$char
    fi
  done
}
