# Prints the words that a file in the home folder lists, a line each, their names behind a tab.
function __molecule_listed --no-scope-shadowing
    set -l file "$HOME/$list"
    test -n "$HOME"; and test -f "$file"; and test -r "$file"; and test -O "$file"; or return
    set choices (string match -r '^[0-9A-Za-z][0-9A-Za-z._-]{0,127}(?=\t|$)(?:\t[^[:cntrl:]]{1,60})?' <"$file")
    set -q choices[1]; and printf '%s\n' "$lead"$choices[1..500]
end
