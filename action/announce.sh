#!/usr/bin/env bash
# Announces a phase of a release job to Pushwarden, proven by the job's OIDC token.
# Everything it is given comes through environment variables (see action.yml); it needs bash, curl and jq.
# Tokens travel to curl on its standard input, since other processes can read command lines.
set -euo pipefail

readonly RETRIES=3
# Seconds before the first retry, twice as many before the second, and so on.
readonly RETRY_SECONDS=${PUSHWARDEN_RETRY_SECONDS:-2}

# A message for the log, in one line: GitHub's runner takes lines that begin with :: for commands.
annotate() {
  local level=$1 text=$2
  text=${text//'%'/'%25'}
  text=${text//$'\r'/'%0D'}
  text=${text//$'\n'/'%0A'}
  printf '::%s title=Pushwarden::%s\n' "$level" "$text"
}

# Ends the step: a failure is a warning only where that was asked for, and never for the digest itself.
give_up() {
  if [[ $PUSHWARDEN_ON_FAILURE == warn && $PUSHWARDEN_PHASE != pushed ]]; then
    annotate warning "$1"
    exit 0
  fi
  annotate error "$1"
  exit 1
}

refuse() {
  annotate error "$1"
  exit 1
}

check_inputs() {
  local name
  for name in PUSHWARDEN_URL PUSHWARDEN_PHASE PUSHWARDEN_IMAGE; do
    [[ -n ${!name:-} ]] || refuse "$name is empty: the action needs url, phase and image."
  done
  # PUBLIC_URL, which is the token's audience, has no slash at its end.
  while [[ $PUSHWARDEN_URL == */ ]]; do PUSHWARDEN_URL=${PUSHWARDEN_URL%/}; done
  PUSHWARDEN_ON_FAILURE=${PUSHWARDEN_ON_FAILURE:-fail}
  case $PUSHWARDEN_PHASE in
    started | pushed | finished) ;;
    *) refuse 'phase must be started, pushed or finished.' ;;
  esac
  case $PUSHWARDEN_ON_FAILURE in
    warn | fail) ;;
    *) refuse 'on-failure must be warn or fail.' ;;
  esac
  [[ $PUSHWARDEN_PHASE != pushed || -n ${PUSHWARDEN_DIGEST:-} ]] || refuse 'phase pushed needs the digest that was pushed.'
  # A token must not travel in the clear. Plain http is for this machine only.
  local fit='^(https://[^/@[:space:]]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)(/[^@[:space:]]*)?$'
  [[ $PUSHWARDEN_URL =~ $fit ]] ||
    refuse 'url must begin with https:// and contain neither spaces nor credentials.'
  # Arithmetic on any other text would run what stands in it.
  [[ $RETRY_SECONDS =~ ^[0-9]{1,3}$ ]] || refuse 'PUSHWARDEN_RETRY_SECONDS must be a number of seconds.'
  for name in curl jq; do
    command -v "$name" > /dev/null || refuse "$name is not installed on this runner."
  done
  [[ -n ${ACTIONS_ID_TOKEN_REQUEST_URL:-} && -n ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} ]] ||
    refuse 'This job may not ask for an OIDC token. Give it the permission: permissions: { id-token: write }. Runs of pull requests from forks never get it.'
}

# The request body. Whatever stands in the inputs stays a string.
make_body() {
  jq -cn --arg phase "$PUSHWARDEN_PHASE" --arg image "$PUSHWARDEN_IMAGE" \
    --arg digest "${PUSHWARDEN_DIGEST:-}" --arg tags "${PUSHWARDEN_TAGS:-}" '
      {phase: $phase, image: $image}
      + (if $digest == "" then {} else {digest: $digest} end)
      + {tags: [$tags | splits("[,\r\n]") | sub("^[ \t]+"; "") | sub("[ \t]+$"; "") | select(. != "")]}'
}

# curl with an Authorization header: request TOKEN ARGUMENT... Answers with the status on standard output, 000: none.
request() {
  local token=$1
  shift
  printf 'header = "authorization: Bearer %s"\n' "$token" |
    curl --disable --config - --silent --show-error --fail-with-body --max-time 30 --max-filesize 1048576 \
      --output "$work/answer" --write-out '%{http_code}' "$@" 2> "$work/curl-error" || true
}

is_token() {
  [[ $1 =~ ^[A-Za-z0-9._~+/=-]+$ ]]
}

# Asks GitHub for a token and leaves it in $token; otherwise the reason in $failure.
# https://docs.github.com/en/actions/reference/security/oidc
new_token() {
  local audience status separator='?'
  audience=$(jq -rn --arg audience "${PUSHWARDEN_AUDIENCE:-$PUSHWARDEN_URL}" '$audience | @uri')
  [[ $ACTIONS_ID_TOKEN_REQUEST_URL == *\?* ]] && separator='&'
  is_token "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" || refuse 'ACTIONS_ID_TOKEN_REQUEST_TOKEN is not a token.'
  status=$(request "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" --url "${ACTIONS_ID_TOKEN_REQUEST_URL}${separator}audience=${audience}")
  token=$(jq -r '.value // empty | strings' "$work/answer" 2> /dev/null || true)
  rm -f "$work/answer"
  if [[ $status != 200 ]] || ! is_token "$token"; then
    failure="GitHub gave no OIDC token (status $status)."
    return 1
  fi
  # The runner takes this line as a command and shows *** for the token from here on.
  printf '::add-mask::%s\n' "$token"
}

# One attempt. Leaves the status in $status and what went wrong in $failure.
attempt() {
  status=000
  new_token || return 1
  status=$(request "$token" --request POST --header 'content-type: application/json' \
    --data-binary "@$work/body" --url "$PUSHWARDEN_URL/ci/announcements")
  [[ $status == 2* ]] && return 0
  local detail
  detail=$(jq -r '.detail // empty | strings | .[0:1000]' "$work/answer" 2> /dev/null || true)
  failure="Pushwarden answered $status${detail:+: $detail}"
  [[ $status != 000 ]] || failure="Pushwarden could not be reached: $(head -c 300 "$work/curl-error")"
  is_token "$token" && failure=${failure//"$token"/'***'}
  return 1
}

# A refusal stays one; what may pass (no answer, 5xx, 429) is tried again. Each attempt has a token of its own: one that
# was sent before may have been used up even if no answer came.
announce() {
  local tries=0 replays=0
  while ! attempt; do
    if [[ $status == 401 && $replays == 0 && $failure == *'used before'* ]]; then
      replays=1
      continue
    fi
    if [[ ($status != 000 && $status != 5* && $status != 429) || $tries -ge $RETRIES ]]; then
      give_up "$PUSHWARDEN_PHASE was not announced. $failure"
    fi
    tries=$((tries + 1))
    # Limits are by the minute.
    if [[ $status == 429 ]]; then sleep "$((RETRY_SECONDS * tries * 15))"; else sleep "$((RETRY_SECONDS * tries))"; fi
  done
}

check_inputs
work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/pushwarden.XXXXXX")
trap 'rm -rf "$work"' EXIT
make_body > "$work/body"
announce
ends=$(jq -r '.windowEndsAt // empty | strings' "$work/answer" 2> /dev/null || true)
[[ ! $ends =~ ^[0-9TZ:.-]+$ ]] || ends=" Pushes are expected until $ends, or until phase finished."
printf 'Announced to Pushwarden: %s.%s\n' "$PUSHWARDEN_PHASE" "$ends"
