"""What the scripts that run other people's tools share: the tools in folders of their own, a certificate, a program with TLS."""

import datetime
import ipaddress
import os
import platform
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from program import BIN, NO_LIMIT, ROOT, free_port, settings_of

TOOLS = ROOT / "target/peers"
# No secret: it protects a folder that a measurement makes and removes.
KEY = "made up for a measurement, and for nothing else at all"
CLASSES = ("SIGN_IN_BY_ADDRESS", "SECOND_FACTOR", "SIGN_UP", "LETTERS", "LINKS", "ANONYMOUS", "SIGNED_IN", "TRANSCRIPTION", "REPORT")


def python_tool(package, version):
    """The folder of programs of a virtual environment that has exactly this package."""
    home = TOOLS / f"{package}-{version}"
    programs = home / "bin"
    if not (programs / package).exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([programs / "pip", "install", "--quiet", f"{package}=={version}"], check=True)
    return programs


def node_tool(package, version):
    """The folder of an npm package, installed with what it needs and with no script of theirs run."""
    home = TOOLS / f"{package.replace('/', '-').lstrip('@')}-{version}"
    place = home / "node_modules" / package
    if not place.exists():
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "install", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"{package}@{version}"],
            check=True,
        )
    return place


def certificate(folder):
    """A certificate for localhost, signed by an authority of an hour: chain, key and authority as files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.timezone.utc)
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def issue(subject, key, issuer, issuer_key, authority):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(hours=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        # RFC 5280 asks for these, and whoever validates strictly refuses what has none.
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        vouches = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(vouches, critical=False)
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage = dict.fromkeys((*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
        usage.update({"key_cert_sign": True, "crl_sign": True} if authority else {"digital_signature": True})
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        if not authority:
            hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = issue(name("An authority of an hour"), authority_key, name("An authority of an hour"), authority_key, True)
    leaf = issue(name("localhost"), key, authority.subject, authority_key, False)
    pem = lambda one: one.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = {"chain.pem": pem(leaf) + pem(authority), "key.pem": private, "authority.pem": pem(authority)}
    for file, content in files.items():
        (folder / file).write_bytes(content)
    os.chmod(folder / "key.pem", 0o600)
    return folder / "chain.pem", folder / "key.pem", folder / "authority.pem"


class Encrypted:
    """`mindvibe serve` in production, with TLS of its own, at https://localhost:<port>."""

    def __init__(self, folder, tools):
        self.port = free_port()
        # The tool's own environment has the library for certificates.
        make = "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import peers; peers.certificate(pathlib.Path(sys.argv[2]))"
        subprocess.run([tools / "python", "-c", make, Path(__file__).parent, folder], check=True)
        self.authority = folder / "authority.pem"
        environment = {
            **settings_of(folder), "ENVIRONMENT": "production", "SECRET_KEY": KEY,
            "PUBLIC_URL": f"https://localhost:{self.port}", "LISTEN_ADDR": f"127.0.0.1:{self.port}",
            "TLS_CERT_FILE": str(folder / "chain.pem"), "TLS_KEY_FILE": str(folder / "key.pem"),
            **{f"RATE_LIMIT_{name}": NO_LIMIT for name in CLASSES},
        }
        self.log = open(folder / "server.log", "ab")
        self.process = subprocess.Popen([str(BIN), "serve"], env=environment, stdout=self.log, stderr=self.log, start_new_session=True)
        self._wait(folder)

    def _wait(self, folder):
        import socket
        import time

        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise SystemExit("the program does not serve TLS; it said:\n" + (folder / "server.log").read_text(errors="replace")[-2000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def stamp(script, tool):
    """The line under a page's heading: by what, when and on what it was measured."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return f"`{script}` with {tool}, part of `make verify`; {datetime.date.today().isoformat()}, {machine}."
