"""Starts the program on a data folder of its own, for scripts that measure it from outside.

MINDVIBE_BIN names another build than target/release/mindvibe; the examples are looked for beside it.
"""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(os.environ.get("MINDVIBE_BIN", ROOT / "target/release/mindvibe"))
EXAMPLES = BIN.parent / "examples"
PASSWORD = "a long sentence nobody says aloud 7"
# Far above what a person needs: here the work is measured, not the limit.
NO_LIMIT = "100000000/60"
# All comes from one address here; its conduct is scored, and nothing follows from that.
ONE_CLIENT = {"THREAT_SCORING": "log", "REQUESTS_AT_ONCE_PER_CLIENT": "2048", "CONNECTIONS_PER_CLIENT": "10000"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port, method, path, body=None, headers=None):
    """One request on a connection of its own: status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    payload = json.dumps(body) if body is not None else None
    sent = {"content-type": "application/json"} if body is not None else {}
    connection.request(method, path, payload, {**sent, **(headers or {})})
    response = connection.getresponse()
    return response.status, response.headers, response.read()


class Program:
    """`mindvibe serve`, with the JSON access log written to a file and these classes of limits out of the way."""

    def __init__(self, data, limits=(), trace=None, settings=None, port=None):
        self.port = port or free_port()
        environment = {
            **settings_of(data), "LISTEN_ADDR": f"127.0.0.1:{self.port}",
            **(ONE_CLIENT if limits else {}), **{f"RATE_LIMIT_{name}": NO_LIMIT for name in limits}, **(settings or {}),
        }
        self.log = open(data / "server.log", "ab")
        self.out = open(data / "server.out", "ab")
        command = [str(BIN), "serve"]
        if trace:
            command = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(trace), *command]
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdout=self.out, stderr=self.log, start_new_session=True)
        wait_for(self.port, process=self.process)
        self.started_ms = (time.monotonic() - self.began) * 1000
        self.pid = self.process.pid
        if trace:
            self.pid = int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def call(self, method, path, body=None, headers=None):
        return call(self.port, method, path, body, headers)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        self.process.wait()
        self.log.close()
        self.out.close()


def settings_of(data):
    """The environment of the program and of its commands on this folder."""
    return {**os.environ, "ENVIRONMENT": "development", "DATA_DIR": str(data), "MODELS_DIR": str(data / "no-models")}


def wait_for(port, path="/health", process=None):
    while True:
        try:
            if call(port, "GET", path)[0] == 200:
                return
        except OSError:
            time.sleep(0.002)
        if process and process.poll() is not None:
            raise SystemExit(f"the program ended with status {process.returncode} instead of serving")


def create_account(data, email, settings=None):
    command = [str(BIN), "user", "create", "--email", email, "--role", "member", "--password-stdin"]
    environment = {**settings_of(data), **(settings or {})}
    subprocess.run(command, input=PASSWORD, text=True, env=environment, check=True, stdout=subprocess.DEVNULL)


def import_accounts(data, emails):
    """Makes accounts that all have PASSWORD, in milliseconds each: by the hash of one that the program has made."""
    create_account(data, "model@mind.example")
    with sqlite3.connect(f"file:{data / 'mindvibe.db'}?mode=ro", uri=True) as db:
        (phc,) = db.execute("select password_phc from users where email_folded = 'model@mind.example'").fetchone()
    lines = "".join(json.dumps({"email": email, "password_hash": phc}) + "\n" for email in emails)
    command = [str(BIN), "user", "import"]
    subprocess.run(command, input=lines, text=True, env=settings_of(data), check=True, stdout=subprocess.DEVNULL)


def cookies(headers):
    """The cookies of an answer, as a browser sends them back, by name."""
    pairs = (value.split(";")[0].split("=", 1) for value in headers.get_all("set-cookie") or [])
    return dict(pairs)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024
