# Sourced by the scripts that need a running MindVibe, on an empty data folder and a free port of 127.0.0.1:
#
#   start_server BINARY          as `make run` starts it
#   start_production BINARY      as `mindvibe init --local-ca` sets a server up for others: production, TLS in the process
#   stop_server
#
# They set SERVER_URL, SERVER_DIR and SERVER_PID; what the server says is in $SERVER_DIR/server.log. `on_server COMMAND…`
# runs a command with the server's settings.
# shellcheck shell=bash

SERVER_PID= SERVER_DIR= SERVER_URL= SERVER_PORT= SERVER_SETTINGS=()

stop_server() {
  if [ -n "$SERVER_PID" ]; then
    kill "$SERVER_PID" 2>/dev/null || true
    wait "$SERVER_PID" 2>/dev/null || true
    SERVER_PID=
  fi
  if [ -n "$SERVER_DIR" ]; then rm -rf "$SERVER_DIR"; SERVER_DIR=; fi
}

# A port and a folder of its own, once the server before is gone.
prepare() {
  stop_server
  SERVER_PORT=$(scripts/free-port.sh)
  SERVER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/mindvibe-server.XXXXXXXX")
}

start_server() {
  prepare
  # A name, because browsers make no passkey for a bare address; the one of PUBLIC_URL, so that pages are not sent on.
  SERVER_URL="http://localhost:$SERVER_PORT"
  SERVER_SETTINGS=(ENVIRONMENT=development LISTEN_ADDR="127.0.0.1:$SERVER_PORT" PUBLIC_URL="$SERVER_URL" DATA_DIR="$SERVER_DIR/data")
  start "$1" http
}

start_production() {
  prepare
  SERVER_URL="https://localhost:$SERVER_PORT"
  "$1" init --local-ca --dir "$SERVER_DIR" --public-url "$SERVER_URL" >"$SERVER_DIR/init.log"
  # The rest is in the file that was made; the ports of a person's server are not to be taken here. A mail server that does
  # not answer: letters wait for it, and people can sign up.
  SERVER_SETTINGS=(
    MINDVIBE_CONFIG="$SERVER_DIR/mindvibe.env" LISTEN_ADDR="127.0.0.1:$SERVER_PORT" HTTP_LISTEN_ADDR="127.0.0.1:$(scripts/free-port.sh)"
    SMTP_URL=smtps://127.0.0.1:9 MAIL_FROM="MindVibe <mind@localhost.example>"
  )
  start "$1" https
}

# start BINARY SCHEME
start() {
  # A provider that does not answer: enough to ask for a sign-in by it, and for the way back from there.
  SERVER_SETTINGS+=(OIDC_PROVIDERS=nowhere OIDC_NOWHERE_ISSUER="$2://127.0.0.1:9" OIDC_NOWHERE_CLIENT_ID=mindvibe)
  # Not by `on_server`: that would be a shell in between, and a stop would end the shell.
  env "${SERVER_SETTINGS[@]}" "$1" serve >"$SERVER_DIR/server.log" 2>&1 </dev/null &
  SERVER_PID=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$SERVER_PORT") 2>/dev/null; then return 0; fi
    if ! kill -0 "$SERVER_PID" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "$1 did not start; it said:" >&2
  tail -n 30 "$SERVER_DIR/server.log" >&2
  return 1
}

on_server() { env "${SERVER_SETTINGS[@]}" "$@"; }
