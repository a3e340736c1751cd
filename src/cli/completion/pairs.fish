# Makes words, or what a value is, out of pairs.
function __molecule_pairs --no-scope-shadowing
    test "$kind" = pairs; or return
    set -l chosen
    for one in $given
        string match -q -- "$by=*" "$one"; and set chosen (string replace -- "$by=" '' "$one")
    end
    if test -n "$chosen"; and __molecule_keys "$scope $chosen"
        set scope "$scope $chosen"
    else
        __molecule_keys "$scope"
    end
    set -l text (string sub -s (math (string length -- "$lead") + 1) -- "$cur")
    if string match -q -- '*=*' "$text"
        set -l key (string replace -r -- '(?s)=.*' '' "$text")
        set lead "$lead$key="
        set kind ''
        set choices
        __molecule_pair "$scope $key"
        return
    end
    set kind words
    set -l kept
    for choice in $choices
        set -l key (string replace -r -- '\t.*' '' "$choice")
        for one in $given
            test (string sub -l (string length -- "$flag=$key") -- "$one") = "$flag=$key"
            and string match -q -- '*=' "$key"
            and set key ''
        end
        test -z "$key"; or set -a kept "$choice"
    end
    set choices $kept
end
