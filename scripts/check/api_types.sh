#!/usr/bin/env bash
# The client's API types are what openapi.json says. (That openapi.json is what the server says is a test of `server`.)
set -euo pipefail
cd "$(dirname "$0")/../.."
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
web/node_modules/.bin/openapi-typescript openapi.json --empty-objects-unknown -o "$fresh" >/dev/null 2>&1
if ! diff -q web/src/lib/api/schema.d.ts "$fresh" >/dev/null; then
  echo "web/src/lib/api/schema.d.ts is stale: run npm --prefix web run gen"
  exit 1
fi
echo "web/src/lib/api/schema.d.ts is what openapi.json says"
