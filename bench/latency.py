#!/usr/bin/env python3
"""Prints the milliseconds within which 99 of 100 answers came, asked one after the other on one connection.

usage: latency.py <port> <path> <seconds> <header>

Not wrk: it adds answers that were never asked for wherever one took long (a correction for callers who would not have
waited), so that its percentile weighs time, not requests. Both are useful; the target is about requests.
A program of its own, so that whatever else the benchmark does at the time does not share its interpreter.
"""

import socket
import sys
import time


def ask(connection, request):
    connection.sendall(request)
    answer = connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"latency: answered {head[:40]!r}")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)


def main(port, path, seconds, header):
    request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{header}\r\n\r\n".encode()
    times = []
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        end = began + float(seconds)
        while began < end:
            ask(connection, request)
            now = time.perf_counter()
            times.append((now - began) * 1000)
            began = now
    times.sort()
    print(f"{times[len(times) * 99 // 100]:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
