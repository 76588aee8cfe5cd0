#!/usr/bin/env bash
# Which grade Mozilla's HTTP Observatory gives.
exec python3 "$(dirname "$0")/peer_observatory.py" "$@"
