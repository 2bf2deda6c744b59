#!/usr/bin/env bash
# Fetches what the tests sign with: cosign 2 and 3, oras, notation, and a registry that has the referrers API, which is
# built here. Nothing is installed: packages of Debian releases newer than this machine's are unpacked into the user's
# cache. They come from the mirror that this machine uses anyway, and apt checks their signatures as it always does.
# COSIGN2, COSIGN3, ORAS, NOTATION and REFERRERS_REGISTRY may name programs to be used instead.
set -euo pipefail

# The number changes with what is fetched; test/fixtures/signing-tools.ts knows it too.
tools=${XDG_CACHE_HOME:-${HOME:?}/.cache}/pushwarden/signing-tools-1
source=$(cd "$(dirname "$0")/../test/fixtures" && pwd)/referrers-registry.go
programs=(cosign2 cosign3 oras notation referrers-registry)
packages=(cosign/trixie cosign/sid oras/sid notation/sid)
go=(golang-1.24-go/trixie golang-1.24-src/trixie golang-github-google-go-containerregistry-dev/trixie)

variable() { # cosign2 is COSIGN2, referrers-registry is REFERRERS_REGISTRY
  tr 'a-z-' 'A-Z_' <<< "$1"
}

fail() {
  {
    echo "$1"
    echo 'The tests sign with real programs. Where they cannot be fetched, say where yours are:'
    echo '  COSIGN2 (cosign 2.5), COSIGN3 (cosign 3.1), ORAS (1.3), NOTATION (1.3),'
    echo '  REFERRERS_REGISTRY (built by Go from test/fixtures/referrers-registry.go).'
  } >&2
  exit 1
}

is_missing() {
  local name own
  name=$(variable "$1")
  own=${!name:-}
  [[ -n $own ]] || { [[ ! -x $tools/bin/$1 ]]; return; }
  [[ -x $own ]] || fail "$name is $own, which is no program."
  return 1
}

missing=()
for program in "${programs[@]}"; do
  if is_missing "$program"; then missing+=("$program"); fi
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

for needed in apt-get dpkg-deb flock; do
  command -v $needed > /dev/null || fail "Missing: ${missing[*]}. They are Debian packages, and this machine has no $needed."
done
mkdir -p "$tools/bin"
exec 9> "$tools/lock"
flock 9 # somebody else's tests may be fetching them

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{sources,lists/partial,cache/archives/partial}

apt() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Acquire::Languages=none \
    -o APT::Sandbox::User="$(id -un)" -o APT::Update::Error-Mode=any "$@"
}

# Repositories that have this release in a component `main`: Debian's mirror is one of them.
mirrors() {
  apt-get update --print-uris 2> /dev/null |
    sed -nE "s#^'(.+)/dists/($1)/main/binary-[^/]+/Packages[^']*'.*#\1#p" | awk '!seen[$0]++'
}

# Makes apt know the releases. Which of the repositories is Debian's, its signature says.
find_mirror() {
  local codename keyring mirror
  codename=$(. /etc/os-release && [[ $ID == debian ]] && echo "${VERSION_CODENAME:-sid}") || return 1
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    [[ ! -r $keyring ]] || break
  done
  for mirror in $(mirrors "$codename|oldstable|stable|testing|unstable|sid"); do
    {
      printf 'Types: deb\nURIs: %s\nSuites: trixie sid\nComponents: main\nTargets: Packages\n' "$mirror"
      printf 'Signed-By: %s\n' "$keyring"
    } > "$work/sources/debian.sources"
    if apt update >&2; then return 0; fi
  done
  return 1
}

unpack() { # package/release, folder
  (cd "$work" && rm -f ./*.deb && apt download "$1" && dpkg-deb -x ./*.deb "$2")
}

build_registry() {
  local package usr=$work/go/usr
  for package in "${go[@]}"; do unpack "$package" "$work/go"; done
  env GOROOT="$usr/lib/go-1.24" GOPATH="$usr/share/gocode" GOCACHE="$work/go-cache" GO111MODULE=off GOFLAGS= \
    GOTOOLCHAIN=local CGO_ENABLED=0 "$usr/lib/go-1.24/bin/go" build -trimpath -o "$work/registry" "$source"
  mv "$work/registry" "$tools/bin/referrers-registry"
}

echo "Fetching for the tests: ${missing[*]}"
find_mirror || fail 'This machine has no mirror that gives the Debian releases trixie and sid.'
for at in "${!packages[@]}"; do
  program=${programs[at]} package=${packages[at]}
  is_missing "$program" || continue
  unpack "$package" "$work/$program" || fail "The package $package could not be fetched."
  unpacked=$work/$program/usr/bin/${package%/*}
  "$unpacked" version > /dev/null 2>&1 || fail "$program does not run on this machine."
  mv "$unpacked" "$tools/bin/$program"
done
if is_missing referrers-registry; then
  build_registry || fail 'The registry with the referrers API could not be built.'
fi
