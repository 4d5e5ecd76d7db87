"""A tiny HTTP service with bad habits on request; standard library only, so it starts quickly."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--status", type=int, default=200)
parser.add_argument("--die-at-start", action="store_true")
parser.add_argument("--die-after", type=float, default=0.0)
parser.add_argument("--silent", action="store_true", help="runs, but never listens")
parser.add_argument("--stubborn", action="store_true", help="ignores SIGTERM")
parser.add_argument("--child", action="store_true", help="has a child in the same session")
parser.add_argument("--daemon", action="store_true", help="has a grandchild in a session of its own, not its child")
parser.add_argument("--orphan", action="store_true", help="has a child in the same session with an empty environment")
options = parser.parse_args()

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]

if options.die_at_start:
    sys.exit("cannot open the database: no such file")
if options.stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if options.child:
    subprocess.Popen(SLEEP)
if options.orphan:
    subprocess.Popen(SLEEP, env={})
if options.daemon:
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import subprocess; subprocess.Popen({SLEEP!r}, start_new_session=True)"],
        check=True,
    )
if options.die_after:
    threading.Timer(options.die_after, lambda: (os.write(2, b"panic: out of luck\n"), os._exit(3))).start()
if options.silent:
    time.sleep(600)

ANSWER = f"HTTP/1.1 {options.status} Tiny\r\nContent-Length: 2\r\n\r\nok".encode()


def serve(connection: socket.socket) -> None:
    with connection:
        pending = b""
        while data := connection.recv(65536):
            pending += data
            while b"\r\n\r\n" in pending:
                _, _, pending = pending.partition(b"\r\n\r\n")
                connection.sendall(ANSWER)


listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
