# Completion of molecule for fish, printed by 'molecule completion fish'.
#
# To have it in every new shell:
#   molecule completion fish > ~/.config/fish/completions/molecule.fish

# What is known: each function looks its argument up, and sets variables of its caller. A choice is a
# word, and behind a tab its summary.

# <tables>

# What is known of a flag at this place. Fails for one that is unknown.
function __molecule_learn --no-scope-shadowing
    set flag ''
    set kind ''
    set many ''
    set by ''
    set scope ''
    set list ''
    set choices
    __molecule_flag "$node $argv[1]"; or __molecule_flag "$argv[1]"
end

# Takes note of a word before the cursor's.
function __molecule_read --no-scope-shadowing
    if test -n "$rest"
        return
    else if test -n "$wanted"
        set -a given "$wanted=$argv[1]"
        set wanted ''
    else if test -z "$ended"; and test "$argv[1]" = --
        set ended yes
        set rest "$passes"
    else if test -n "$ended"; or not string match -qr -- '^-.' "$argv[1]"
        __molecule_step "$argv[1]"
    else if string match -qr -- '^--' "$argv[1]"
        __molecule_learn (string replace -r -- '(?s)=.*' '' "$argv[1]"); or return 0
        if string match -q -- '*=*' "$argv[1]"
            set -a given $flag=(string replace -r -- '(?s)^[^=]*=' '' "$argv[1]")
        else if contains -- "$kind" plain switch
            set -a given "$flag"
        else
            set wanted "$flag"
        end
    else
        __molecule_letters (string sub -s 2 -- "$argv[1]")
    end
end

# Takes note of flags of one letter, the last perhaps with its value.
function __molecule_letters --no-scope-shadowing
    __molecule_learn -(string sub -l 1 -- "$argv[1]"); or return 0
    set -l tail (string sub -s 2 -- "$argv[1]")
    if contains -- "$kind" plain switch; and not string match -q -- '=*' "$tail"
        set -a given "$flag"
        test -z "$tail"; or __molecule_letters "$tail"
    else if test -n "$tail"
        set -a given $flag=(string replace -r -- '^=' '' "$tail")
    else
        set wanted "$flag"
    end
end

# Takes note of a command, or of a word that a command takes.
function __molecule_step --no-scope-shadowing
    if test -z "$group"
        set place (math $place + 1)
    else if not string match -qr -- '^$|\s' "$argv[1]"
        and __molecule_enter (string trim -- "$node $argv[1]")
        return
    else if test "$argv[1]" = help
        set helped yes
        __molecule_enter "$node"
    else
        set lost yes
    end
end

# Goes to a command. Fails if there is no such command.
function __molecule_enter --no-scope-shadowing
    set group ''
    set runs ''
    set passes ''
    set below
    set once
    __molecule_node "$argv[1]"; and set node "$argv[1]"
end

# Whether the group is to run as a command: it was given a flag of its own.
function __molecule_settled --no-scope-shadowing
    for one in $given
        __molecule_flag "$node "(string replace -r -- '(?s)=.*' '' "$one"); and return
    end
    return 1
end

# What may stand at the cursor, into 'kind', 'choices' and 'lead', the part of the word before the value.
function __molecule_look --no-scope-shadowing
    set -l words (commandline -opc)
    while set -q words[1]; and not string match -qr -- '(^|/)molecule$' "$words[1]"
        set -e words[1]
    end
    __molecule_enter ''
    for word in $words[2..-1]
        __molecule_read "$word"
    end
    set kind ''
    set choices
    if test -n "$lost"
        return
    else if test -n "$rest"
        set kind file
    else if test -n "$wanted"
        __molecule_learn "$wanted"
        __molecule_pairs
    else if test -z "$ended"; and string match -qr -- '^--.*=' "$cur"
        __molecule_learn (string replace -r -- '(?s)=.*' '' "$cur"); or return
        set lead (string replace -r -- '(?s)=.*' '=' "$cur")
        if test "$kind" = switch
            set kind words
            set choices true false
        end
        __molecule_pairs
    else if test -z "$ended"; and string match -qr -- '^-[^-].' "$cur"
        __molecule_learn (string sub -l 2 -- "$cur"); or return
        set lead (string match -r -- '^-.=?' "$cur")
        __molecule_pairs
    else if test -z "$ended"; and string match -q -- '-*' "$cur"
        __molecule_names
    else if test -n "$group"
        set -l commands
        if not __molecule_settled
            set commands $below
            test -n "$helped"; or set -a commands $once
        end
        set choices
        if test -n "$runs"; and test -z "$helped$ended$cur"
            __molecule_names
        end
        set kind words
        set -p choices $commands
    else if test -z "$helped"; and __molecule_place "$node $place"
        __molecule_pairs
    else if test -z "$helped$ended$cur"
        __molecule_names
    end
end

# <pairs>

# The flags that are known here, less those that are given and can't be given again.
function __molecule_names --no-scope-shadowing
    set -l found
    for id in (test -n "$node"; and echo "$node") ''
        set -l offered
        set -l negatives
        __molecule_flags "$id"; or continue
        string match -q -- '--n*' "$cur"; or set negatives
        for choice in $offered $negatives
            __molecule_learn (string replace -r -- '\t.*' '' "$choice")
            if test -z "$many"
                contains -- "$flag" (string replace -r -- '(?s)=.*' '' $given); and continue
            end
            set -a found "$choice"
        end
    end
    set kind words
    set choices $found
end

# The value at the cursor, as it is written, into 'text': the word behind what makes 'lead', and before it
# the quote that was opened there, if it is open still.
function __molecule_rest --no-scope-shadowing
    set -l marks '\'"\\\\'
    set -l times (string length -- "$lead")
    set -l begun (string match -r -- "(?s)^(?:[$marks]*[^$marks]){$times}" "$raw" | string collect)
    set text (string sub -s (math (string length -- "$begun") + 1) -- "$raw" | string collect)
    set -l whole '[^\'"\\\\]|\\\\.|\'(?:[^\'\\\\]|\\\\.)*\'|"(?:[^"\\\\]|\\\\.)*"'
    set -l open (string replace -r -- "(?s)^(?:$whole)*" '' "$begun" | string collect)
    set text (string sub -l 1 -- "$open")"$text"
end

# <listed>

# Prints what may stand at the cursor; with an argument, only tells whether it is of that kind.
function __molecule_complete
    set -l cur (commandline -ct | string replace -ra '[\'"\\\\]' '' | string collect)
    set -l raw (commandline -ct | string collect)
    set -l flag ''
    set -l kind ''
    set -l many ''
    set -l by ''
    set -l scope ''
    set -l list ''
    set -l group ''
    set -l runs ''
    set -l passes ''
    set -l node ''
    set -l wanted ''
    set -l ended ''
    set -l rest ''
    set -l helped ''
    set -l lost ''
    set -l lead ''
    set -l place 0
    set -l choices
    set -l below
    set -l once
    set -l given
    __molecule_look
    if set -q argv[1]
        test "$kind" = "$argv[1]"
        return
    end
    switch "$kind"
        case words
            for choice in $choices
                printf '%s\n' "$lead$choice"
            end
        case listed
            __molecule_listed
        case folder
            set -l text
            __molecule_rest
            for path in (complete -C "'' $text" | string match -r '^[^\t]*/(?=\t|$)')
                printf '%s\n' "$lead$path"
            end
    end
end

complete -c molecule -f
complete -c molecule -k -a '(__molecule_complete)'
complete -c molecule -n '__molecule_complete file' -F
