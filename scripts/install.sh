#!/bin/sh
# Installs molecule from a release: fetches, verifies, tries, and only then puts it in place.
# For any POSIX shell (dash, bash 3.2, BusyBox ash). `sh install.sh --help` tells the settings.
#
# All of it stands in functions, and the call in a group of its own, in the last line: of a script
# whose download was cut off nothing runs.

set -eu
umask 022

REPOSITORY=Molecule-AI/molecule-cli

main() {
  # What is said goes there even from inside of a redirected call.
  exec 3>&2
  read_settings "$@"
  find_tools
  find_platform
  find_folder
  trap tidy EXIT
  trap 'interrupted 1' HUP
  trap 'interrupted 2' INT
  trap 'interrupted 13' PIPE
  trap 'interrupted 15' TERM
  temporary=${TMPDIR:-/tmp}
  [ -d "$temporary" ] || fail "The folder for temporary files is not there: $temporary." "Name another with TMPDIR."
  work=$(mktemp -d "$temporary/molecule-install.XXXXXX" 2>/dev/null) ||
    fail "No temporary files can be made in $temporary." "Name another folder with TMPDIR."
  look_at_present
  find_release
  refuse_downgrade
  verify_signature
  fetch_archive
  unpack
  try_out
  put_in_place
  report
}

# Settings ------------------------------------------------------------------------------------

read_settings() {
  work='' fresh='' child='' note='' changed=', and nothing was changed'
  wanted=${MOLECULE_VERSION:-}
  folder=${MOLECULE_INSTALL_DIR:-}
  base=${MOLECULE_BASE_URL:-}
  github=${MOLECULE_GITHUB_URL:-https://github.com}
  verify=${MOLECULE_VERIFY_SIGNATURE:-auto}

  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        show_help
        exit 0
        ;;
      --version=* | --dir=*)
        option=${1%%=*} value=${1#*=}
        shift
        set -- "$option" "$value" "$@"
        continue
        ;;
      --version | --dir)
        case ${2:-} in '' | -*) misuse "$1 needs a value." ;; esac
        if [ "$1" = --version ]; then wanted=$2; else folder=$2; fi
        shift
        ;;
      *) misuse "There is no argument $1." ;;
    esac
    shift
  done

  [ "$wanted" != latest ] || wanted=''
  [ -z "$wanted" ] || is_version "${wanted#v}" ||
    misuse "\"$wanted\" is not a version; one looks like 1.2.3 or v1.2.3."
  wanted=${wanted#v}
  case $verify in
    auto | 0 | 1) ;;
    *) misuse "MOLECULE_VERIFY_SIGNATURE is 0 (don't check) or 1 (insist), not \"$verify\"." ;;
  esac
  check_address MOLECULE_GITHUB_URL "$github"
  github=$address
  if [ -n "$base" ]; then
    check_address MOLECULE_BASE_URL "$base"
    base=$address
  fi
}

show_help() {
  cat <<HELP
Installs molecule from a release of https://github.com/$REPOSITORY

  curl -fsSL https://github.com/$REPOSITORY/releases/latest/download/install.sh | sh
  curl -fsSL https://github.com/$REPOSITORY/releases/latest/download/install.sh | sh -s -- --version 1.2.3

Usage: sh install.sh [--version VERSION] [--dir FOLDER]

  --version VERSION   that release, be it older than what is installed; the newest one if not given
  --dir FOLDER        where the program goes; ~/.local/bin if not given, for root /usr/local/bin
  --help              this text

Variables:
  MOLECULE_VERSION, MOLECULE_INSTALL_DIR   what --version and --dir say
  MOLECULE_BASE_URL     where the files of one release are, in place of GitHub: an https address, or a folder
  MOLECULE_GITHUB_URL   the server that has the releases; https://github.com if not given
  MOLECULE_VERIFY_SIGNATURE
                        0: don't check the release's signature; 1: insist on it, which needs cosign;
                        if not given, it is checked where cosign is installed

Run again it upgrades. To undo it, remove the program: it is one file. Its data is in ~/.config/molecule.
HELP
}

is_version() {
  case $1 in
    [0-9]*) ;;
    *) return 1 ;;
  esac
  case $1 in *[!0-9A-Za-z.+-]*) return 1 ;; esac
}

# check_address SETTING VALUE: gives in $address a folder's absolute path, or a URL that may be asked.
check_address() {
  case $2 in
    file://localhost/*) address=${2#file://localhost} ;;
    file:///*) address=${2#file://} ;;
    https://* | http://*) address=$2 ;;
    *://*) misuse "$1 is $(shown "$2"): only https and file addresses, or a folder, are read." ;;
    http:* | https:* | file:*) misuse "$1 has no // after its first colon, as an address has." ;;
    /*) address=$2 ;;
    *) address=$PWD/$2 ;;
  esac
  case $2 in
    file:*%*) misuse "$1 has a % in it: give the folder as a plain path." ;;
    http*://*[?#\\[:space:]]*) misuse "$1 is $(shown "$2"): it must be an address without spaces, ?, # and \\." ;;
    http://*)
      is_loopback "$2" || misuse "$1 is $(shown "$2"): without encryption anyone on the way could change what is installed." \
        "Use an https address; http is only for this machine itself."
      ;;
  esac
  trim "$address"
  address=$trimmed
}

# Gives in $trimmed the path or address without slashes at its end.
trim() {
  trimmed=$1
  while :; do
    case $trimmed in
      ?*/) trimmed=${trimmed%/} ;;
      *) break ;;
    esac
  done
}

# The name before an @ is not the host: http://127.0.0.1@elsewhere/ asks elsewhere.
is_loopback() {
  host=${1#http://}
  host=${host%%/*}
  case $host in
    *@*) return 1 ;;
    '[::1]' | '[::1]':*) return 0 ;;
  esac
  host=${host%:*}
  case $host in
    localhost) return 0 ;;
    *[!0-9.]*) return 1 ;;
    127.*) return 0 ;;
  esac
  return 1
}

# An address for people, without the password that may be in it.
shown() {
  host=${1#*://}
  host=${host%%/*}
  case $1 in
    *://*) printf '%s://%s%s' "${1%%://*}" "${host##*@}" "${1#*"://$host"}" ;;
    *) printf '%s' "$1" ;;
  esac
}

# What is here ----------------------------------------------------------------------------------

find_tools() {
  for tool in uname id env mktemp mkdir rmdir chmod mv rm cat grep sed sort tr tar gzip; do
    has "$tool" || fail "The program $tool is missing, which this script needs." "Install it and try again."
  done
  if has sha256sum; then
    hasher='sha256sum'
  elif has shasum; then
    hasher='shasum -a 256'
  elif has openssl; then
    hasher='openssl dgst -sha256'
  else
    fail "Nothing here can check a download." "Install sha256sum (coreutils), shasum or openssl, and try again."
  fi
  downloader=''
  case ${base:-$github} in
    /*) return 0 ;;
  esac
  if has curl; then
    downloader=curl
  elif has wget; then
    downloader=wget
  else
    fail "Nothing here can download." "Install curl (or wget) and try again."
  fi
}

has() {
  command -v "$1" >/dev/null 2>&1
}

find_platform() {
  kernel=$(uname -s)
  machine=$(uname -m)
  case $kernel in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS* | CYGWIN* | Windows_NT)
      fail "This script is not for Windows." "In PowerShell:" \
        "  irm https://github.com/$REPOSITORY/releases/latest/download/install.ps1 | iex"
      ;;
    *) unsupported "There is no release for $kernel." ;;
  esac
  if [ "$os" = linux ] && [ "$(uname -o 2>/dev/null)" = Android ]; then
    unsupported "There is no release for Android."
  fi
  case $machine in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    i?86 | armv* | arm) unsupported "There is no release for 32-bit processors ($machine)." ;;
    *) unsupported "There is no release for $machine processors." ;;
  esac
  # A 64-bit kernel may carry a 32-bit system, as on many a Raspberry Pi.
  if [ "$os" = linux ] && [ "$(getconf LONG_BIT 2>/dev/null)" = 32 ]; then
    unsupported "There is no release for 32-bit systems, and this one is, though its kernel ($machine) is not."
  fi
  if [ "$os" = darwin ]; then
    # Under Rosetta an Apple processor says that it is Intel's.
    [ "$(sysctl -n sysctl.proc_translated 2>/dev/null)" != 1 ] || arch=arm64
    macos=$(sw_vers -productVersion 2>/dev/null) || macos=''
    case $macos in
      [0-9].* | 10.* | 11.* | 12.*) unsupported "This is macOS $macos, and molecule needs macOS 13." ;;
    esac
  fi
  platform=${os}_${arch}
  if [ "$os" = linux ]; then
    ! is_musl || platform=${platform}_musl
    case $(uname -r) in
      *[Mm]icrosoft*) note="This is WSL: molecule is installed for the Linux in it. Windows itself has an install.ps1." ;;
    esac
  fi
}

# A system of glibc can have the loader of musl beside its own, so ldd comes first.
is_musl() {
  case $(ldd --version 2>&1) in
    *musl*) return 0 ;;
    *GLIBC* | *GNU*) return 1 ;;
  esac
  for loader in /lib/ld-musl-*; do
    [ ! -e "$loader" ] || return 0
  done
  return 1
}

unsupported() {
  fail "$1" \
    "Releases are for Linux (x86-64 and arm64, with glibc or musl), macOS 13 and newer, and Windows." \
    "Where Bun (https://bun.sh) runs, it can be built from its sources:" \
    "  git clone https://github.com/$REPOSITORY && cd ${REPOSITORY#*/} && bun install && bun run build"
}

find_folder() {
  if [ -z "$folder" ]; then
    if [ "$(id -u)" = 0 ]; then
      folder=/usr/local/bin
    else
      [ -n "${HOME:-}" ] || fail "HOME is not set." "Name the folder for the program with --dir or MOLECULE_INSTALL_DIR."
      folder=$HOME/.local/bin
    fi
  fi
  # shellcheck disable=SC2088 # A tilde that no shell expanded, as in MOLECULE_INSTALL_DIR="~/bin".
  case $folder in
    '~' | '~/'*)
      [ -n "${HOME:-}" ] || fail "HOME is not set." "Name the folder by its whole path."
      folder=$HOME${folder#'~'}
      ;;
    /*) ;;
    *) folder=$PWD/$folder ;;
  esac
  trim "$folder"
  folder=$trimmed
  target=${folder%/}/molecule
  [ ! -e "$target" ] || [ -f "$target" ] || fail "$target is a folder, or another thing that is no file." "Remove it, or choose another place with --dir."

  # It is made only when there is something to put into it: a failure leaves nothing behind.
  nearest=$folder
  while [ ! -e "$nearest" ]; do
    nearest=${nearest%/*}
    nearest=${nearest:-/}
  done
  made=$nearest
  [ -d "$nearest" ] || fail "$folder can't be a folder: $nearest is a file."
  if [ ! -w "$nearest" ] || [ ! -x "$nearest" ]; then
    fail "You may not write to $nearest." \
      "Choose a folder of your own, with --dir FOLDER or MOLECULE_INSTALL_DIR=FOLDER," \
      "or run this script as a user who may."
  fi
}

# Never over a stranger: other programs have this name, too. Gives the version that is there in $before.
# It is read and not run: what lies there may be anyone's, and this script may be root's. Each molecule
# bears its package.json, and with it the address of its sources and its version.
look_at_present() {
  before=''
  [ -s "$target" ] || return 0
  # Without a locale, as not each byte of a program is a letter of one.
  run env LC_ALL=C grep -aEo \
    "git[+]https://github[.]com/${REPOSITORY}[.]git|name\"?: ?\"molecule\", ?\"?version\"?: ?\"[0-9]+[.][0-9]+[.][0-9][0-9A-Za-z.+-]*\"" \
    "$target" >"$work/said" 2>/dev/null || :
  grep -q '^git' "$work/said" || fail "$target is another program of this name, or a molecule that is damaged." \
    "Move it away, or choose another folder with --dir."
  before=$(sed -n '/^name/{s/.*"\(.*\)"$/\1/p;q;}' "$work/said")
}

# The release -----------------------------------------------------------------------------------

# Gives $version, $archive, its $sum, and in $from where all further files are.
find_release() {
  releases=$github/$REPOSITORY/releases
  if [ -n "$base" ]; then
    from=$base
  elif [ -n "$wanted" ]; then
    from=$releases/download/v$wanted
  else
    from=$releases/latest/download
  fi
  if ! fetch checksums.txt 1024; then
    [ -z "$missing" ] || [ -n "$base" ] || [ -z "$wanted" ] ||
      fail "There is no release $wanted." "$(shown "$releases") lists those that there are."
    fail "The list of the release's files can't be fetched: $reason"
  fi
  read_checksums
  if [ -n "$wanted" ] && [ "$wanted" != "$version" ]; then
    fail "Version $wanted was asked for, and $(shown "$from") has $version."
  fi
  # From here on by its version: "latest" may be another release a moment later.
  [ -n "$base" ] || from=$releases/download/v$version
}

read_checksums() {
  version='' sum='' archive='' offered=''
  while read -r hash name || [ -n "${hash:-}" ]; do
    name=${name#\*}
    case $name in
      # What could do something to the terminal that it is shown on.
      *[!A-Za-z0-9._+~-]*) continue ;;
      molecule_*_"$platform".tar.gz) ;;
      molecule_*_*.tar.gz | molecule_*_*.zip)
        offered="$offered $name"
        continue
        ;;
      *) continue ;;
    esac
    [ -z "$archive" ] || fail "The list of the release's files names two for this system: $archive and $name."
    archive=$name
    sum=$hash
    version=${name#molecule_}
    version=${version%_"$platform".tar.gz}
  done <"$work/checksums.txt"

  if [ -z "$archive" ]; then
    [ -n "$offered" ] || fail "What $(shown "$from/checksums.txt") gives is not a list of release files." \
      "A proxy or a login page may have answered in its place."
    fail "The release has no file for this system ($platform). It has:$offered"
  fi
  case $sum in
    *[!0-9a-f]*) sum='' ;;
  esac
  if [ "${#sum}" != 64 ] || ! is_version "$version"; then
    fail "The line of $archive in the list of the release's files is broken."
  fi
}

# A mirror, or who has taken one over, may offer an old release with its true signature and known holes.
refuse_downgrade() {
  [ -z "$wanted" ] && is_older "$version" "$before" || return 0
  fail "molecule $before is installed, and the release that is offered is older: $version." \
    "To install it all the same, ask for it: --version $version, or MOLECULE_VERSION=$version."
}

# Whether the first version is below the second; what can't be compared is not.
is_older() {
  first=$(sort_key "$1") second=$(sort_key "$2")
  [ -n "$first" ] && [ -n "$second" ] || return 1
  order=0
  printf '%s\n' "$second" "$first" |
    LC_ALL=C sort -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n -k 5,5 -k 6,6n -k 7,7n -c 2>/dev/null || order=$?
  [ "$order" = 1 ]
}

# 1.2.3-rc.4 gives 1.2.3.0.rc.4, and 1.2.3, which is above it, 1.2.3.1. The first word of a pre-release is
# compared as text, and the next two as numbers.
sort_key() {
  printf '%s\n' "${1%%+*}" |
    sed -n 's/^\([0-9]\{1,\}[.][0-9]\{1,\}[.][0-9]\{1,\}\)-\(..*\)$/\1.0.\2/p; s/^[0-9]\{1,\}[.][0-9]\{1,\}[.][0-9]\{1,\}$/&.1/p'
}

# By its exact identity: the signature of an older release's list is not good for this version.
verify_signature() {
  checked="its sha256 sum; no signature (MOLECULE_VERIFY_SIGNATURE=0)"
  [ "$verify" != 0 ] || return 0
  if ! has cosign; then
    [ "$verify" != 1 ] || fail "The signature can't be checked: cosign is not on the PATH." \
      "Install it (https://docs.sigstore.dev), or leave MOLECULE_VERIFY_SIGNATURE away."
    checked="its sha256 sum; its signature, too, where cosign is on the PATH"
    return 0
  fi
  fetch checksums.txt.sigstore.json 1024 ||
    fail "The release's signature can't be fetched: $reason" \
      "For a mirror that has none, set MOLECULE_VERIFY_SIGNATURE=0; the sha256 sums are checked all the same."
  set -- --bundle "$work/checksums.txt.sigstore.json" \
    --certificate-identity "https://github.com/$REPOSITORY/.github/workflows/release.yml@refs/tags/v$version" \
    --certificate-oidc-issuer https://token.actions.githubusercontent.com
  # cosign 2 reads such a bundle only when told so; newer ones do it by themselves.
  case $(cosign verify-blob --help 2>&1) in
    *--new-bundle-format*) set -- "$@" --new-bundle-format ;;
  esac
  if ! run cosign verify-blob "$@" "$work/checksums.txt" >"$work/said" 2>&1; then
    quote
    fail "cosign does not accept the signature of the release's list of files; its words are above." \
      "It must be cosign 2.4 or newer, and reach the Sigstore project's servers." \
      "Where it can't, MOLECULE_VERIFY_SIGNATURE=0 goes without; the sha256 sums are checked all the same."
  fi
  checked="its sha256 sum and its signature"
}

fetch_archive() {
  tell "Fetching molecule $version for $(printf %s "$platform" | sed 's/_/ /g')"
  fetch "$archive" 524288 progress || fail "$archive can't be fetched: $reason"
  found=$(hash_of "$work/$archive") || fail "$archive can't be read."
  [ "$found" = "$sum" ] || fail "$archive is not what the release's list of files says; it may be damaged or changed." \
    "  expected sha256 $sum" "  found    sha256 $found" \
    "Try again; if it happens again, tell us: https://github.com/$REPOSITORY/issues"
}

# From its input, as a name could change the output; openssl writes the sum last, the others first.
hash_of() {
  # shellcheck disable=SC2086 # A program and its arguments.
  hashed=$($hasher <"$1") || return 1
  hashed=${hashed%% *-}
  printf '%s' "${hashed##* }"
}

# Fetching --------------------------------------------------------------------------------------

# fetch NAME KIB [progress]: puts a file of the release into $work. On failure gives in $reason why, and
# $missing is not empty if the file is just not there. A release's files are far below the limit.
fetch() {
  missing='' reason=''
  case $from in
    /*) copy "$from/$1" "$work/$1" ;;
    *) download "$from/$1" "$work/$1" "$2" "${3:-}" ;;
  esac
}

copy() {
  if [ ! -f "$1" ]; then
    missing=yes
    reason="there is no $1."
    return 1
  fi
  run cat "$1" >"$2" || {
    reason="$1 can't be copied."
    return 1
  }
}

download() {
  rm -f "$2"
  watcher='' code=0
  if [ "$4" = progress ] && [ -t 2 ]; then
    show_growth "$2" &
    watcher=$!
  fi
  "with_$downloader" "$1" "$2" "$3" || code=$?
  if [ -n "$watcher" ]; then
    kill "$watcher" 2>/dev/null || :
    wait "$watcher" 2>/dev/null || :
    printf '\r        \r' >&3
  fi
  if [ "$code" != 0 ]; then
    words=$(grep -v '^ ' "$work/said" | sed -n '$p')
    [ -n "$reason" ] || reason="$(shown "$1") can't be read: ${words:-$downloader ended with $code.}"
    return 1
  fi
  [ -f "$2" ] || {
    reason="$downloader has written nothing."
    return 1
  }
}

# Its own, as what a downloader shows can't be kept from bearing words of the server. Ends with $work.
show_growth() {
  while sleep 1 && [ -d "$work" ]; do
    [ ! -f "$1" ] || printf '\r%s MB' "$(($(wc -c <"$1") / 1000000))" >&3
  done
}

with_curl() {
  scheme=https answer=''
  case $1 in http:*) scheme=http ;; esac
  for attempt in 1 2 3; do
    code=0
    run_limited "$3" curl --silent --show-error --fail --location --max-redirs 10 --tlsv1.2 \
      --proto "=$scheme" --proto-redir =https \
      --connect-timeout 30 --speed-limit 1024 --speed-time 60 --retry 3 \
      --max-filesize "$(($3 * 1024))" --write-out '%{http_code}' --output "$2" --url "$1" \
      >"$work/status" 2>"$work/said" || code=$?
    # A connection that broke in the middle, for which its own --retry does nothing.
    case $code in
      18 | 56 | 92) [ "$attempt" = 3 ] || continue ;;
    esac
    break
  done
  read -r answer <"$work/status" || :
  case $code:$answer in
    22:404)
      missing=yes
      reason="$(shown "$1") is not there (404)."
      ;;
    1:*) reason="$(shown "$1") leads to an address that isn't https." ;;
    63:*) reason="$(shown "$1") is far larger than any release's." ;;
  esac
  return "$code"
}

# No wget can keep to https on its way, so what it was led to is read from its words afterwards.
with_wget() {
  asked=$1 output=$2 kib=$3
  case $(wget --version 2>&1) in
    *'GNU Wget'*)
      set -- --no-verbose --server-response --no-hsts --secure-protocol=TLSv1_2 \
        --tries=3 --waitretry=1 --timeout=60 --max-redirect=10
      ;;
    # That of BusyBox gives up by itself after 15 minutes of silence; in some versions -T makes it crash.
    *) set -- -q -S ;;
  esac
  code=0
  run_limited "$kib" wget "$@" -O "$output" "$asked" 2>"$work/said" || code=$?
  if grep -q 'TLS certificate validation not implemented' "$work/said"; then
    reason="this wget does not check who it speaks to; install curl."
    return 1
  fi
  if grep -i '^ *location:' "$work/said" | grep -Eivq '^ *location: *(https://|/[^/])'; then
    reason="$(shown "$asked") leads to an address that isn't https."
    return 1
  fi
  if [ "$code" != 0 ] && grep -Eq 'HTTP/[0-9.]+ 404' "$work/said"; then
    missing=yes
    reason="$(shown "$asked") is not there (404)."
  fi
  return "$code"
}

# Installing ------------------------------------------------------------------------------------

# To the output, and only the member of that name: an archive can't write anywhere, nor make a link. It
# goes beside its place, not into the temporary folder, where running programs is often forbidden.
unpack() {
  made=$folder
  mkdir -p "$folder" || fail "$folder can't be made."
  fresh=$(mktemp "${folder%/}/.molecule.XXXXXX") || fail "No file can be made in $folder."
  if ! run_limited 1048576 tar -xzOf "$work/$archive" molecule >"$fresh" 2>"$work/said"; then
    quote
    fail "$archive can't be unpacked to $folder." "Its words are above; is there room on the disk?"
  fi
  [ -s "$fresh" ] || fail "$archive holds no program named molecule."
  chmod 755 "$fresh"
}

try_out() {
  status=0 line=''
  run "$fresh" --version >"$work/said" 2>&1 || status=$?
  if [ "$status" = 0 ]; then
    read -r line <"$work/said" || :
    case $line in
      "molecule $version" | "molecule $version ("*")") return 0 ;;
    esac
    fail "The program in $archive says \"$line\" where it should be molecule $version."
  fi
  quote
  hint="Please tell us, with this output: https://github.com/$REPOSITORY/issues"
  case $platform in
    *_musl)
      if grep -q 'libstdc++\|libgcc' "$work/said"; then
        hint="It needs the C++ library. On Alpine: apk add libstdc++"
      fi
      ;;
  esac
  case $status in
    126) hint="Is running programs from $folder forbidden (mounted noexec)? Choose another folder with --dir." ;;
    127)
      [ "$platform" != "linux_$arch" ] ||
        hint="The system's program loader may be missing, as on NixOS; it needs glibc 2.17 or newer."
      ;;
    132) hint="The processor may be too old: it needs one of 2009 or newer (SSE 4.2)." ;;
  esac
  fail "molecule $version does not run here (it ended with $status)." "$hint"
}

# A rename: at each moment there is a whole program, and a running one keeps its own file.
put_in_place() {
  if [ -s "$target" ] && [ -x "$target" ] && [ "$(hash_of "$target")" = "$(hash_of "$fresh")" ]; then
    rm -f "$fresh"
    fresh=''
    tell "molecule $version is already installed: $target"
    return 0
  fi
  mv -f "$fresh" "$target" || fail "$target can't be replaced."
  fresh='' changed=''
  if [ -n "$before" ] && [ "$before" != "$version" ]; then
    tell "molecule $version is installed, in place of $before: $target"
  else
    tell "molecule $version is installed: $target"
  fi
}

report() {
  tell "Checked: $checked."
  [ -z "$note" ] || tell "$note"
  look_along_path
  if [ -z "$on_path" ]; then
    tell '' "$folder is not on your PATH. Put it there with this line in $(start_file):" "  $(path_line)"
  fi
  if [ -n "$first" ] && ! same "$first" "$target"; then
    if [ -n "$on_path" ]; then
      tell '' "\"molecule\" is still another program, $first: it comes first on your PATH." \
        "Remove it, or put $folder before its folder."
    else
      tell "Until then \"molecule\" is another program, $first."
    fi
  fi
  tell '' "Completions: molecule completion bash (or zsh, fish); molecule completion --help tells where they go." \
    "To undo: rm $(quoted "$target")" \
    "Your data stays in ~/.config/molecule. To remove it as well, with what is unanswered in it: rm -r ~/.config/molecule"
}

# Gives in $on_path whether the folder is on it, and in $first the program that the name now means.
look_along_path() {
  on_path='' first=''
  entries=${PATH:-}:
  while [ -n "$entries" ]; do
    entry=${entries%%:*}
    entries=${entries#*:}
    entry=${entry:-.}
    ! same "$entry" "$folder" || on_path=yes
    if [ -z "$first" ] && [ -f "$entry/molecule" ] && [ -x "$entry/molecule" ]; then
      first=$entry/molecule
    fi
  done
}

same() {
  # shellcheck disable=SC3013 # In POSIX since 2024, and in each of these shells for long.
  [ "$1" -ef "$2" ]
}

start_file() {
  at='~' name=.profile
  case ${SHELL:-} in
    */zsh) at=${ZDOTDIR:-$at} name=.zshrc ;;
    */bash) if [ "$os" = darwin ]; then name=.bash_profile; else name=.bashrc; fi ;;
    */fish) name=.config/fish/config.fish ;;
  esac
  printf '%s/%s' "$at" "$name"
}

path_line() {
  # shellcheck disable=SC2016 # The variable is for the user's shell to expand.
  case ${SHELL:-} in
    */fish) printf 'fish_add_path %s' "$(quoted "$folder")" ;;
    *) printf 'export PATH=%s:"$PATH"' "$(quoted "$folder")" ;;
  esac
}

# As a shell reads it back.
quoted() {
  case $1 in
    *[!A-Za-z0-9/._+-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

# Running and ending ----------------------------------------------------------------------------

run() {
  run_limited 0 "$@"
}

# run_limited KIB PROGRAM ARGS..: no file that it writes gets larger, where KIB is not 0. Not in the
# foreground, as a shell would look at a signal only at the program's end; and never with the input,
# which may be this script.
run_limited() {
  (
    # In blocks of 512 bytes; where a shell counts in larger ones the limit is just wider.
    [ "$1" = 0 ] || ulimit -f "$(($1 * 2))" 2>/dev/null || :
    shift
    # Else bash says 1 of what it can't run, and not 126 or 127.
    set +e
    exec "$@"
  ) </dev/null 3>&- &
  child=$!
  result=0
  wait "$child" || result=$?
  child=''
  return "$result"
}

interrupted() {
  # A second signal must not cut the tidying.
  trap '' HUP INT PIPE TERM
  if [ -n "$child" ]; then
    kill -KILL "$child" 2>/dev/null || :
    wait "$child" 2>/dev/null || :
  fi
  tell "Interrupted$changed." 2>/dev/null || :
  exit "$((128 + $1))"
}

tidy() {
  [ -z "$fresh" ] || rm -f "$fresh"
  [ -z "$work" ] || rm -rf "$work"
  # The folders that were not there before, unless something is in them now.
  until [ "${made:-/}" = "$nearest" ]; do
    rmdir "$made" 2>/dev/null || :
    made=${made%/*}
  done
}

tell() {
  printf '%s\n' "$@" | clean >&3
}

# The words of another program.
quote() {
  clean <"$work/said" >&3
}

# Without what could do something to the terminal: the control characters, those of two bytes as well.
clean() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C sed "s/$(printf '\302[\200-\237]')//g"
}

fail() {
  refuse 1 "$@"
}

misuse() {
  refuse 2 "$@" "sh install.sh --help tells what can be set."
}

refuse() {
  status=$1 why=$2
  shift 2
  tell "error: $why" "$@"
  exit "$status"
}

{ main "$@"; }
