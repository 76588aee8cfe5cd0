#!/usr/bin/env python3
"""Compares the program's own TLS with Mozilla's recommendation ("intermediate"), and looks for the known attacks: sslyze.

    scripts/verify/sslyze.sh

Fails on any deviation. What no certificate of an hour can have (a public authority, transparency logs) is not asked for.
Writes docs/evidence/sslyze.md.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import ROOT, Encrypted, python_tool, stamp

VERSION = "6.3.1"
EVIDENCE = ROOT / "docs/evidence/sslyze.md"
OLD = ("ssl_2_0_cipher_suites", "ssl_3_0_cipher_suites", "tls_1_0_cipher_suites", "tls_1_1_cipher_suites")
NEW = ("tls_1_2_cipher_suites", "tls_1_3_cipher_suites")


def answers(scan, name):
    """The result of one question; the program ends where it could not be asked."""
    attempt = scan[name]
    if attempt["status"] != "COMPLETED":
        sys.exit(f"sslyze: {name} ended with {attempt['status']}: {attempt.get('error_trace')}")
    return attempt["result"]


def judge(scan):
    """Rows of what was looked at: question, answer, whether it is right."""
    rows = []
    for name in OLD:
        taken = answers(scan, name)["accepted_cipher_suites"]
        rows.append((name.replace("_cipher_suites", "").replace("_", " "), f"{len(taken)} suites taken", not taken))
    for name in NEW:
        suites = [suite["cipher_suite"]["name"] for suite in answers(scan, name)["accepted_cipher_suites"]]
        weak = [suite for suite in suites if "CBC" in suite or "RSA_WITH" in suite.replace("ECDHE_RSA_WITH", "") or "NULL" in suite]
        rows.append((name.replace("_cipher_suites", "").replace("_", " "), ", ".join(suites), bool(suites) and not weak))
    rows.append(("compression (CRIME)", "off", not answers(scan, "tls_compression")["supports_compression"]))
    rows.append(("Heartbleed", "no", not answers(scan, "heartbleed")["is_vulnerable_to_heartbleed"]))
    rows.append(("CCS injection", "no", not answers(scan, "openssl_ccs_injection")["is_vulnerable_to_ccs_injection"]))
    rows.append(("ROBOT", answers(scan, "robot")["robot_result"], answers(scan, "robot")["robot_result"].startswith("NOT_VULNERABLE")))
    renegotiation = answers(scan, "session_renegotiation")
    rows.append(("renegotiation by the client", "refused", not renegotiation["is_vulnerable_to_client_renegotiation_dos"]))
    early = answers(scan, "tls_1_3_early_data")["supports_early_data"]
    rows.append(("early data, which can be replayed", "taken" if early else "refused", not early))
    return rows


def main():
    tools, folder = python_tool("sslyze", VERSION), Path(tempfile.mkdtemp(prefix="mindvibe-sslyze-"))
    try:
        program = Encrypted(folder, tools)
        try:
            # The recommendation does not speak of early data, so it is asked for by itself.
            asked = [tools / "sslyze", "--quiet", "--mozilla_config", "intermediate", "--early_data", "--json_out", folder / "out.json"]
            # No list of the world has the authority of an hour.
            asked += ["--certinfo_ca_file", program.authority, f"localhost:{program.port}"]
            ended = subprocess.run([str(part) for part in asked], capture_output=True, text=True)
        finally:
            program.stop()
        result = json.loads((folder / "out.json").read_text(encoding="utf-8"))["server_scan_results"][0]
    finally:
        shutil.rmtree(folder)
    rows = judge(result["scan_result"])
    agrees = ended.returncode == 0
    rows.append(("Mozilla's recommendation, intermediate", "agrees" if agrees else "deviates", agrees))
    for question, answer, right in rows:
        print(f"  {'ok ' if right else 'NOT'} {question}: {answer}")
    failed = sum(not right for _, _, right in rows)
    if failed:
        print(ended.stdout[-3000:])
    else:
        lines = ["# TLS, as sslyze sees it", "", stamp("scripts/verify/sslyze.sh", f"sslyze {VERSION}"), "The program ends TLS by itself, in production.", ""]
        lines += ["| question | answer |", "| --- | --- |", *(f"| {question} | {answer} |" for question, answer, _ in rows)]
        EVIDENCE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"sslyze: {len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
