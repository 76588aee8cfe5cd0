# Sourced by the scripts that need a running MindVibe: `start_server BINARY` on an empty data folder and a free port of
# 127.0.0.1, `stop_server`. Sets SERVER_URL, SERVER_DIR and SERVER_PID; what the server says is in $SERVER_DIR/server.log.
# shellcheck shell=bash

SERVER_PID= SERVER_DIR= SERVER_URL=

stop_server() {
  if [ -n "$SERVER_PID" ]; then
    kill "$SERVER_PID" 2>/dev/null || true
    wait "$SERVER_PID" 2>/dev/null || true
    SERVER_PID=
  fi
  if [ -n "$SERVER_DIR" ]; then rm -rf "$SERVER_DIR"; SERVER_DIR=; fi
}

start_server() {
  stop_server
  local port
  port=$(scripts/free-port.sh)
  SERVER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/mindvibe-server.XXXXXXXX")
  # A name, because browsers make no passkey for a bare address; the one of PUBLIC_URL, so that pages are not sent on.
  SERVER_URL="http://localhost:$port"
  # A provider that does not answer: enough to ask for a sign-in by it, and for the way back from there.
  ENVIRONMENT=development LISTEN_ADDR="127.0.0.1:$port" PUBLIC_URL="$SERVER_URL" DATA_DIR="$SERVER_DIR/data" \
    OIDC_PROVIDERS=nowhere OIDC_NOWHERE_ISSUER=http://127.0.0.1:9 OIDC_NOWHERE_CLIENT_ID=mindvibe \
    "$1" serve >"$SERVER_DIR/server.log" 2>&1 </dev/null &
  SERVER_PID=$!
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
    if ! kill -0 "$SERVER_PID" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "$1 did not start; it said:" >&2
  tail -n 30 "$SERVER_DIR/server.log" >&2
  return 1
}
