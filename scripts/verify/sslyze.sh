#!/usr/bin/env bash
# What sslyze thinks of the program's own TLS.
exec python3 "$(dirname "$0")/peer_sslyze.py" "$@"
