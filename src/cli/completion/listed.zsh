# Offers the words that a file in the home folder lists, a line each, their names behind a tab. Where none
# of them goes on as the value begins, those whose names do.
_molecule_listed() {
  local file=$HOME/$list text=${(Q)PREFIX}
  local -a lines
  # It is far smaller, unless something went wrong.
  [[ -n $HOME && -f $file && -r $file && -O $file && -n $file(#qN.L-524288) ]] || return 1
  lines=(${(f)"$(<$file)"})
  lines=(${(M)lines[1,500]:#[0-9A-Za-z][0-9A-Za-z._-](#c0,127)(|$'\t'*)})
  # Those without a name get an empty one, to stand among the others.
  lines=("${(@)^lines}"$'\t')
  choices=("${(@)${(@)lines/$'\t'/:}//[[:cntrl:]]/ }")
  _describe -V -t values value choices && return
  [[ -n $text ]] && choices=(${(M)choices:#[^:]#:(#i)$text*}) || return 1
  (( $#choices )) || return 1
  # Else it would insert what the words of several, and not their names, have in common.
  (( $#choices == 1 )) || compstate[insert]=menu
  _describe -V -t values value choices -U -i "$IPREFIX"
}
