#!/usr/bin/env python3
"""What an outside scanner (sslyze, from PyPI) finds at the port where TLS ends in the process.

    scripts/verify/tls.py

Starts the program with a certificate of its own authority and requires: TLS 1.2 and 1.3 and nothing older, every cipher
with forward secrecy and authenticated encryption, no compression, no early data, none of the named weaknesses, and a
certificate that a client which trusts the authority takes.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from program import BIN, ROOT, free_port, settings_of

VERSION = "6.3.1"
TOOLS = ROOT / "target/tools" / f"sslyze-{VERSION}"
OLD = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
# What the scanner calls a weakness, and where it says so.
WEAK = {
    "heartbleed": "is_vulnerable_to_heartbleed",
    "openssl_ccs_injection": "is_vulnerable_to_ccs_injection",
    "tls_compression": "supports_compression",
    "tls_1_3_early_data": "supports_early_data",
    "session_renegotiation": "is_vulnerable_to_client_renegotiation_dos",
}


def scanner():
    """The scanner, installed once into a folder of its own."""
    python = TOOLS / "bin/python"
    if not python.exists():
        venv.create(TOOLS, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"sslyze=={VERSION}"], check=True)
    return python


def scan(python, port, authority):
    said = authority.with_name("sslyze.json")
    command = [
        python, "-m", "sslyze", f"localhost:{port}", "--quiet", f"--json_out={said}", f"--certinfo_ca_file={authority}",
    ]
    # It judges by a list of its own, too, and ends with 1 where a private authority does not please that list.
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if not said.exists():
        raise SystemExit(f"sslyze says nothing: {answer.stdout}{answer.stderr}")
    (found,) = json.loads(said.read_text())["server_scan_results"]
    return found["scan_result"]


def judge(found):
    """What is not as it should be."""
    result = {name: part["result"] for name, part in found.items() if part["status"] == "COMPLETED"}
    for name in OLD:
        if result[f"{name}_cipher_suites"]["accepted_cipher_suites"]:
            yield f"{name} is spoken"
    for name in ("tls_1_2", "tls_1_3"):
        taken = [one["cipher_suite"]["name"] for one in result[f"{name}_cipher_suites"]["accepted_cipher_suites"]]
        if not taken:
            yield f"{name} is not spoken"
        for cipher in taken:
            secret = name == "tls_1_3" or cipher.startswith("TLS_ECDHE_")
            if not secret or not any(mode in cipher for mode in ("_GCM_", "_CHACHA20_POLY1305_")):
                yield f"{cipher} is taken"
    for name, field in WEAK.items():
        if name not in result:
            yield f"{name} was not tried"
        elif result[name][field]:
            yield f"{name}: {field}"
    robot = result.get("robot", {}).get("robot_result", "not tried")
    if not robot.startswith("NOT_VULNERABLE"):
        yield f"robot: {robot}"
    for deployment in result["certificate_info"]["certificate_deployments"]:
        if not any(path["was_validation_successful"] for path in deployment["path_validation_results"]):
            yield "a client that trusts the authority refuses the certificate"


def main():
    python = scanner()
    folder = Path(tempfile.mkdtemp(prefix="mindvibe-tls-"))
    port, beside = free_port(), free_port()
    environment = {
        **settings_of(folder), "TLS_MODE": "local", "PUBLIC_URL": f"https://localhost:{port}",
        "LISTEN_ADDR": f"127.0.0.1:{port}", "HTTP_LISTEN_ADDR": f"127.0.0.1:{beside}",
    }
    with open(folder / "server.log", "wb") as log:
        program = subprocess.Popen([str(BIN), "serve"], env=environment, stdout=log, stderr=log)
    try:
        authority = folder / "authority.pem"
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{beside}/trust/ca.crt", timeout=5) as answer:
                    authority.write_bytes(answer.read())
                break
            except OSError:
                if program.poll() is not None:
                    raise SystemExit((folder / "server.log").read_text()) from None
                time.sleep(0.05)
        wrong = list(judge(scan(python, port, authority)))
    finally:
        program.terminate()
        program.wait()
        shutil.rmtree(folder)
    for line in wrong:
        print(f"  {line}")
    print(f"tls: {'as it should be' if not wrong else f'{len(wrong)} wrong'}, by sslyze {VERSION}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
