#!/usr/bin/env python3
"""No secret is committed: known shapes of keys and tokens, and random text assigned to a telling name.

Hexadecimal text is not judged by its randomness: checksums and published test vectors are hexadecimal, our own secrets
never are.
"""

import math
import re
from collections import Counter

from common import exceptions, files, finish, text

SHAPES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS access key": r"\bAKIA[0-9A-Z]{16}\b",
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
    "Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "provider's API key": r"\bsk-(?:proj-|live-)?[A-Za-z0-9]{32,}\b",
    "signed token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "token of ours": r"\b(?:sid|at|setup)_[A-Za-z0-9_-]{40,}\b",
    "SECRET_KEY with a value": r"\bSECRET_KEY=[A-Za-z0-9+/_=-]{32,}",
    "URL with a password": r"\b[a-z][a-z0-9+]*://[A-Za-z0-9_.-]+:[A-Za-z0-9_!%+-]{12,}@",
}
ASSIGNED = re.compile(
    r"""(?ix) \b [a-z_]* (?: secret | token | passw(?:or)?d | api_?key | credential ) [a-z_]*
        ["']? \s* (?: : \s* &?\s*(?:'static\s+)?str \s* )? [:=] \s* ["'] ([A-Za-z0-9+/=_-]{24,}) ["']"""
)
SKIPPED = ("Cargo.lock", "web/package-lock.json", "scripts/check/secrets.py")
# Made up to be parsed: tokens of one byte repeated, signed by nobody.
MADE_UP = "crates/fuzz/corpus/"


def randomness(word):
    """Shannon entropy in bits a character."""
    return -sum(n / len(word) * math.log2(n / len(word)) for n in Counter(word).values())


def hits(body):
    for number, line in enumerate(body.split("\n"), 1):
        for what, shape in SHAPES.items():
            if re.search(shape, line):
                yield number, what
        for match in ASSIGNED.finditer(line):
            word = match.group(1)
            if not re.fullmatch(r"[0-9a-fA-F]+", word) and randomness(word) > 4.2:
                yield number, "random text under a telling name"


allowed = exceptions("secrets")
used, findings, read = set(), [], 0
for name in files():
    body = None if name in SKIPPED or name.startswith(MADE_UP) else text(name)
    if body is None:
        continue
    read += 1
    found = list(hits(body))
    if found and name in allowed:
        used.add(name)
    else:
        findings += [f"{name}:{number}: {what}" for number, what in found]
findings += [f"exceptions.toml: [secrets] {name} has no hit any more" for name in allowed if name not in used]
finish(findings, f"{read} files read, no secret found")
