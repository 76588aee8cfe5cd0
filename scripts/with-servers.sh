#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own (and a Redis of its own), then stops and removes them.
#
#   scripts/with-servers.sh [--redis] [--durable] COMMAND [ARGUMENT...]
#
# The command finds the server's address in TEST_POSTGRES_URL (and TEST_REDIS_URL). The data lies in a new folder under
# TMPDIR and the servers listen on free ports of 127.0.0.1: a database of the system is neither used nor touched.
# `--durable` leaves PostgreSQL's fsync on, for experiments that kill it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

redis=no durable=no
while [ $# -gt 0 ]; do
  case $1 in
    --redis) redis=yes ;;
    --durable) durable=yes ;;
    --) shift; break ;;
    -*) echo "with-servers: unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
if [ $# -eq 0 ]; then echo "usage: scripts/with-servers.sh [--redis] [--durable] COMMAND..." >&2; exit 2; fi

initdb=$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$initdb" ]; then
  echo "with-servers: PostgreSQL's programs are missing: run scripts/tools.sh test" >&2
  exit 1
fi
bin=$(dirname "$initdb")

folder=$(mktemp -d "${TMPDIR:-/tmp}/mindvibe-servers.XXXXXXXX")
redis_pid=
# PostgreSQL refuses to run as root; its package brings a user for it.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
stop() {
  trap - EXIT
  if [ -n "$redis_pid" ]; then kill "$redis_pid" 2>/dev/null || true; fi
  if [ -f "$folder/pg/postmaster.pid" ]; then
    as_postgres "$bin/pg_ctl" -D "$folder/pg" -m immediate -w stop >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi

as_postgres "$initdb" -D "$folder/pg" -A trust -U postgres -E UTF8 --locale=C --no-sync >"$folder.log" 2>&1 ||
  { cat "$folder.log" >&2; rm -f "$folder.log"; exit 1; }
rm -f "$folder.log"

options="-c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=300"
[ "$durable" = yes ] || options="$options -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
started=no
for _ in 1 2 3; do # another process may take the port between the look and the start
  port=$("$here/free-port.sh")
  if as_postgres "$bin/pg_ctl" -D "$folder/pg" -w -t 60 -l "$folder/pg/server.log" -o "$options -c port=$port" start >/dev/null 2>&1; then
    started=yes
    break
  fi
done
if [ "$started" = no ]; then
  echo "with-servers: PostgreSQL did not start:" >&2
  tail -n 20 "$folder/pg/server.log" >&2 || true
  exit 1
fi
export TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"

if [ "$redis" = yes ]; then
  redis_port=$("$here/free-port.sh")
  redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$folder" >"$folder/redis.log" 2>&1 &
  redis_pid=$!
  for _ in $(seq 50); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$redis_port") 2>/dev/null; then break; fi
    if ! kill -0 "$redis_pid" 2>/dev/null; then cat "$folder/redis.log" >&2; exit 1; fi
    sleep 0.1
  done
  export TEST_REDIS_URL="redis://127.0.0.1:$redis_port"
fi

status=0
"$@" || status=$?
exit "$status"
