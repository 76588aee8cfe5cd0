"""Just enough of an authenticator to give accounts a passkey: attestation `none`, which nothing signs."""

import base64
import hashlib
import json

from program import cookies

# Lengths of credential ids as devices make them: Android, Apple, a password manager, Windows, a security key.
SIZES = (65, 20, 16, 32, 64)
FLAGS = 0x01 | 0x04 | 0x18 | 0x40
# The point that generates P-256 (SEC 2, 2.4.2): a public key like any other, and nothing here needs its secret.
X = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
Y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def credential(options, identifier, origin):
    """`navigator.credentials.create()`, in the form of `toJSON()`."""
    # COSE (RFC 9052): an elliptic key, ES256, P-256, and its two halves.
    key = bytes([0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]) + X + bytes([0x22, 0x58, 0x20]) + Y
    data = hashlib.sha256(options["rp"]["id"].encode()).digest() + bytes([FLAGS]) + bytes(4)
    data += bytes(16) + len(identifier).to_bytes(2, "big") + identifier + key
    # CBOR (RFC 8949): a map of three.
    attested = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
    client = {"type": "webauthn.create", "challenge": options["challenge"], "origin": origin, "crossOrigin": False}
    return {
        "id": encode(identifier), "rawId": encode(identifier), "type": "public-key",
        "authenticatorAttachment": "platform", "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {
            "attestationObject": encode(attested), "clientDataJSON": encode(json.dumps(client).encode()), "transports": ["internal"],
        },
    }


def enrol(program, emails, password):
    """Gives each of these accounts one passkey."""
    for number, email in enumerate(emails):
        status, headers, body = program.call("POST", "/api/auth/login", {"email": email, "password": password})
        jar = cookies(headers)
        sent = {"cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), "x-csrf-token": jar.get("__Host-csrf", "")}
        if status == 200:
            status, _, body = program.call("POST", "/api/auth/passkeys/register/start", {}, sent)
        if status == 200:
            asked = json.loads(body)
            identifier = hashlib.sha512(email.encode()).digest() + b"\x07"
            made = credential(asked["options"], identifier[: SIZES[number % len(SIZES)]], f"http://localhost:{program.port}")
            answer = {"ceremony_id": asked["ceremony_id"], "name": "Key ring", "credential": made}
            status, _, body = program.call("POST", "/api/auth/passkeys/register/finish", answer, sent)
        if status != 201:
            raise SystemExit(f"{email} got no passkey: {status} {body.decode()}")
