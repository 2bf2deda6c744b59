#!/usr/bin/env bash
# Makes sure that the real parts of the tests are here: a registry, skopeo, jq, curl, a browser, and what scripts/signing-tools.sh
# fetches. `npm test` runs it first.
# On Debian or Ubuntu it installs what is missing (as root, or with a sudo that asks nothing); elsewhere it says what to do.
set -euo pipefail

signing_tools() {
  exec bash "$(dirname "$0")/signing-tools.sh"
}

missing=()
for tool in docker-registry skopeo jq curl chromium; do # each package is called like its program
  [[ $tool != chromium || -z ${CHROMIUM:-} ]] || continue # another Chromium, by its path
  command -v "$tool" > /dev/null || missing+=("$tool")
done
[[ ${#missing[@]} -gt 0 ]] || signing_tools

as_root=()
[[ $(id -u) == 0 ]] || as_root=(sudo -n)
if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
  echo "The tests need ${missing[*]}: install them first (Debian and Ubuntu have packages of these names; CHROMIUM=PATH names a browser)." >&2
  exit 1
fi
echo "Installing for the tests: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -qq --yes --no-install-recommends "${missing[@]}"
signing_tools
