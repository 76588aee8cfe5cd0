#!/usr/bin/env python3
"""docs/errors.md lists every `code` that an answer can have, and none that no answer has.

A code is found where it is made: beside a `Kind`, in a field's fault, or as a name before the sentence that explains it.
"""

import re

from common import ROOT, files, finish

REGISTER = "docs/errors.md"
# What looks the same and is none: the attack suite's own words, kinds of figures, names of columns and fields.
ELSEWHERE = ("crates/prove/", "crates/server/src/config/register", "crates/monitor/src/meters", "crates/mail/", "crates/speech/")
NAME = r'"([a-z][a-z0-9_]*)"'
SENTENCE = r'(?:"[^"\n]*\s[^"]*"|format!\(|if |detail\b)'
PATTERNS = [
    re.compile(rf"Kind::\w+,\s*{NAME}"),
    re.compile(rf"\bunavailable\(\s*{NAME}"),
    re.compile(rf"\bcode:\s*{NAME}"),
    re.compile(rf"(?<=[(,])\s*{NAME},\s*{SENTENCE}"),
]
CONSTANT = re.compile(r"Kind::\w+,\s*([A-Z][A-Z_]+)\b")
# Reasons of jobs and names of settings, which no answer has as its code.
NOT_CODES = {"crashed", "refused", "ready", "ratelimit", "refresh", "scope", "update"}
# What an answer proposes instead (`fallback.action`).
NOT_CODES |= {"keep_and_retry", "sign_in_here"}
# What is wrong about a recording: answered of its field at once, or shown of it later.
OF_SOUND = "crates/speech/src/fault.rs"
OURS = {"io", "cancelled", "stopped", "engine_failed"}


def sources():
    for name in files():
        if not re.fullmatch(r"crates/\w+/src/.*\.rs", name) or name.startswith(ELSEWHERE) or "/tests" in name:
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        # Tests stand at the end of a file, and name codes that they expect.
        yield name, re.split(r"#\[cfg\(test\)\]\n(?:pub(?:\(crate\))? )?mod \w+ \{", text)[0]


def made():
    found = {}
    for name, text in sources():
        text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
        for pattern in PATTERNS:
            for match in pattern.finditer(text):
                found.setdefault(match[1], set()).add(name)
        for match in CONSTANT.finditer(text):
            value = re.search(rf"const {match[1]}: &(?:'static )?str = {NAME};", text)
            if value:
                found.setdefault(value[1], set()).add(name)
    for code in re.findall(rf"^ +Self::.* => {NAME},$", (ROOT / OF_SOUND).read_text(encoding="utf-8"), re.M):
        if code not in OURS:
            found.setdefault(code, set()).add(OF_SOUND)
    return {code: where for code, where in found.items() if code not in NOT_CODES}


def main():
    register = (ROOT / REGISTER).read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9_]+)` \|", register, re.M)
    codes = made()
    findings = [f"{REGISTER}: no row for {code} ({', '.join(sorted(codes[code]))})" for code in sorted(set(codes) - set(listed))]
    findings += [f"{REGISTER}: nothing answers {code}" for code in sorted(set(listed) - set(codes))]
    findings += [f"{REGISTER}: {code} has more than one row" for code in sorted({c for c in listed if listed.count(c) > 1})]
    finish(findings, f"{len(codes)} codes")


if __name__ == "__main__":
    main()
