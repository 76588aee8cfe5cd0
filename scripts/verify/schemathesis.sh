#!/usr/bin/env bash
# What schemathesis finds when it asks everything the document describes, as nobody, as a member and as an administrator.
exec python3 "$(dirname "$0")/peer_schemathesis.py" "$@"
