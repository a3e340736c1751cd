# Completion of molecule for bash 3.2 and later, printed by 'molecule completion bash'.
# To have it in every new shell, add to ~/.bashrc: eval "$(molecule completion bash)"

# What is known: each function looks its argument up, and sets variables of its caller.

# <tables>

# The words before the cursor's, less the program, into 'line', and the part before the cursor of its
# own into 'cur'. Later bashes part words at = and : too, which are put together again here.
_molecule_line() {
  local i word gap known='' left='' broken=''
  [[ -z ${COMP_LINE-} ]] || known=yes left=${COMP_LINE:0:COMP_POINT}
  line=() cur=''
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]-} gap=yes
    if [[ -n $known ]]; then
      gap=${left%%[![:space:]]*}
      left=${left#"$gap"}
      [[ $i -ne $COMP_CWORD ]] || word=$left
      left=${left#"$word"}
    elif [[ -n $word && -z ${word//[=:]/} ]]; then
      gap='' broken=yes
    elif [[ -n $broken ]]; then
      gap='' broken=''
    fi
    if [[ -z $gap && $i -gt 1 ]]; then
      cur=$cur$word
    elif [[ $i -gt 0 ]]; then
      [[ $i -eq 1 ]] || line[${#line[@]}]=$cur
      cur=$word
    fi
  done
}

# What is known of a flag at this place. Fails for one that is unknown.
_molecule_learn() {
  flag='' kind='' many='' by='' scope='' list='' choices=()
  _molecule_flag "$node $1" || _molecule_flag "$1"
}

# Takes note of a word before the cursor's.
_molecule_read() {
  local word=$1 at tail
  if [[ -n $wanted ]]; then
    given[${#given[@]}]="$wanted=$word" wanted=''
  elif [[ -z $ended && $word == -- ]]; then
    ended=yes rest=$passes
  elif [[ -n $ended || $word != -?* ]]; then
    _molecule_step "$word"
  elif [[ $word == --* ]]; then
    _molecule_learn "${word%%=*}" || return 0
    if [[ $word == *=* ]]; then
      given[${#given[@]}]="$flag=${word#*=}"
    elif [[ $kind == plain || $kind == switch ]]; then
      given[${#given[@]}]=$flag
    else
      wanted=$flag
    fi
  else
    for ((at = 1; at < ${#word}; at++)); do
      _molecule_learn "-${word:at:1}" || return 0
      tail=${word:at+1}
      if [[ ( $kind == plain || $kind == switch ) && $tail != =* ]]; then
        given[${#given[@]}]=$flag
      elif [[ -n $tail ]]; then
        given[${#given[@]}]="$flag=${tail#=}"
        return
      else
        wanted=$flag
      fi
    done
  fi
}

# <common>

# Offers those choices that go on as 'cur' begins; 'lead' is the part of it before the value. With a
# flag, without the keys that it was given already.
_molecule_words() {
  local word one
  for word in ${choices[@]+"${choices[@]}"}; do
    [[ $lead$word == "$cur"* ]] || continue
    for one in ${given[@]+"${given[@]}"}; do
      [[ -z ${1-} || $word != *= || $one != "$1=$word"* ]] || continue 2
    done
    found[${#found[@]}]=$lead$word
  done
}

# Offers files or folders, by the option of compgen.
_molecule_paths() {
  local path text=${cur:${#lead}}
  paths=yes
  while IFS= read -r path; do
    found[${#found[@]}]=$lead$path
  done < <(compgen "$1" -- "$text")
}

# <listed>

# Offers what may stand for a value of 'kind'.
_molecule_value() {
  local key one text=${cur:${#lead}}
  case $kind in
    words) _molecule_words ;;
    file) _molecule_paths -f ;;
    folder) _molecule_paths -d ;;
    listed) _molecule_listed ;;
    pairs)
      for one in ${given[@]+"${given[@]}"}; do
        [[ $one != "$by="* ]] || key=${one#*=}
      done
      choices=()
      if [[ -n ${key-} ]] && _molecule_keys "$scope $key"; then
        scope="$scope $key"
      else
        _molecule_keys "$scope"
      fi
      if [[ $text != *=* ]]; then
        joins=yes
        _molecule_words "$flag"
        return
      fi
      key=${text%%=*} kind='' choices=()
      lead=$lead$key=
      _molecule_pair "$scope $key" && _molecule_value
      ;;
  esac
}

# Offers the flags that are known here, less those that are given and can't be given again.
_molecule_names() {
  local id word one
  local -a offered negatives
  for id in ${node:+"$node"} ''; do
    offered=() negatives=()
    _molecule_flags "$id" || continue
    [[ $cur == --n* ]] || negatives=()
    for word in ${offered[@]+"${offered[@]}"} ${negatives[@]+"${negatives[@]}"}; do
      [[ $word == "$cur"* ]] || continue
      _molecule_learn "$word"
      for one in ${given[@]+"${given[@]}"}; do
        [[ -n $many || ( $one != "$flag" && $one != "$flag="* ) ]] || continue 2
      done
      found[${#found[@]}]=$word
    done
  done
}

# Whether the group is to run as a command: it was given a flag of its own.
_molecule_settled() {
  local one
  for one in ${given[@]+"${given[@]}"}; do
    ! _molecule_flag "$node ${one%%=*}" || return 0
  done
  return 1
}

# Fills 'found' with what may stand at the cursor.
_molecule_find() {
  if [[ -n $rest ]]; then
    _molecule_paths -f
  elif [[ -n $wanted ]]; then
    _molecule_learn "$wanted"
    _molecule_value
  elif [[ -z $ended && $cur == --*=* ]]; then
    _molecule_learn "${cur%%=*}" || return 0
    lead=${cur%%=*}=
    [[ $kind != switch ]] || kind=words choices=(true false)
    _molecule_value
  elif [[ -z $ended && $cur == -[!-]?* ]]; then
    _molecule_learn "${cur:0:2}" || return 0
    lead=${cur:0:2}
    [[ $cur != "$lead="* ]] || lead=$lead=
    _molecule_value
  elif [[ -z $ended && $cur == -* ]]; then
    _molecule_names
  elif [[ -n $group ]]; then
    if ! _molecule_settled; then
      choices=(${below[@]+"${below[@]}"})
      [[ -n $helped ]] || choices=("${choices[@]}" ${once[@]+"${once[@]}"})
      _molecule_words
    fi
    [[ -z $runs || -n $helped$ended$cur ]] || _molecule_names
  elif [[ -z $helped ]] && kind='' choices=() && _molecule_place "$node $place"; then
    _molecule_value
  elif [[ -z $helped && -z $ended && -z $cur ]]; then
    _molecule_names
  fi
}

# Where the word begins that readline replaces: behind the last of its breaks, unless in quotes.
_molecule_kept() {
  local char part
  kept=''
  for char in = : @; do
    if [[ $COMP_WORDBREAKS == *"$char"* && $cur == *"$char"* ]]; then
      part=${cur%"$char"*}$char
      [[ ${#part} -le ${#kept} ]] || kept=$part
    fi
  done
}

_molecule() {
  local IFS=$' \t\n'
  local cur flag='' kind='' many='' by='' scope='' list='' group='' runs='' passes='' node='' place=0 lead=''
  local wanted='' ended='' rest='' helped='' lost='' paths='' joins='' order='' kept='' raw word
  local -a line choices below once given found
  line=() choices=() below=() given=() found=() COMPREPLY=()
  _molecule_line
  _molecule_enter ''
  for word in ${line[@]+"${line[@]}"}; do
    [[ -n $rest ]] || _molecule_read "${word//[\"\'\\]/}"
  done
  raw=$cur cur=${cur//[\"\'\\]/}
  [[ -n $lost ]] || _molecule_find
  [[ $raw == [\"\']* ]] || _molecule_kept
  if [[ $(type -t compopt) == builtin ]]; then
    [[ -z $paths ]] || compopt -o filenames
    [[ -z $joins ]] || compopt -o nospace
    # Bash has it from 4.4 on.
    [[ -z $order ]] || compopt -o nosort 2> /dev/null
  else
    _molecule_old
  fi
  for word in ${found[@]+"${found[@]}"}; do
    COMPREPLY[${#COMPREPLY[@]}]=${word#"$kept"}
  done
}

# Ends the words in 'found' for a bash that can't be told how to do it in this one completion.
_molecule_old() {
  local i tail path head=$lead bare='' folders='' text=${cur:${#lead}}
  local expanded='^(~[^/]*|\$[A-Za-z_][A-Za-z_0-9]*|\$\{[A-Za-z_][A-Za-z_0-9]*\})/'
  [[ ${#kept} -le ${#lead} ]] || head=$kept
  [[ $head != "$lead" || $raw == *\\[~\$]* || ! $text =~ $expanded ]] || bare=${BASH_REMATCH[1]}
  [[ -z $paths ]] || folders=$(compgen -d -- "$text")
  for ((i = 0; i < ${#found[@]}; i++)); do
    path=${found[i]#"$head"} tail=' '
    [[ -z $joins && $raw != *[\"\']* ]] || tail=''
    [[ $'\n'$folders$'\n' != *$'\n'"${found[i]#"$lead"}"$'\n'* ]] || tail=/
    [[ -z $paths || $raw == *[\"\']* ]] || printf -v path %s%q "$bare" "${path#"$bare"}"
    found[i]=$head$path$tail
  done
}

complete -o nospace -F _molecule molecule
[[ $(type -t compopt) != builtin ]] || complete -F _molecule molecule
