#!/usr/bin/env python3
"""No source file is longer than 600 lines."""

from common import exceptions, files, finish, text

LIMIT = 600
KINDS = (".rs", ".ts", ".svelte", ".py", ".sh", ".css", ".js", ".sql")

allowed = exceptions("file_length")
used, findings, longest = set(), [], (0, "")
for name in files():
    if not name.endswith(KINDS):
        continue
    lines = (text(name) or "").count("\n")
    longest = max(longest, (lines, name))
    if lines <= LIMIT:
        continue
    if name in allowed:
        used.add(name)
    else:
        findings.append(f"{name}: {lines} lines; the limit is {LIMIT}")
findings += [f"exceptions.toml: [file_length] {name} is short enough now" for name in allowed if name not in used]
finish(findings, f"longest file: {longest[1]}, {longest[0]} lines of {LIMIT}")
