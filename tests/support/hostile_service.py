"""An HTTP service whose processes and connections do not stay what they are; standard library only."""

import argparse
import itertools
import os
import signal
import socket
import struct
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--workers", type=int, default=0, help="processes that accept; 0: this one")
parser.add_argument("--add-every", type=float, default=0.0, help="fork one more worker so often, in seconds")
parser.add_argument("--end-every", type=float, default=0.0, help="kill a worker so often; another one takes its place")
parser.add_argument("--reset-every", type=int, default=0, help="reset the connection in place of every n-th answer")
parser.add_argument("--close", action="store_true", help="HTTP/1.0: close the connection after each answer")
parser.add_argument("--slow-every", type=int, default=0, help="sleep before every n-th answer")
parser.add_argument("--slow", type=float, default=0.0, help="seconds to sleep")
options = parser.parse_args()

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LAST_ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
NUMBERS = itertools.count(1)


def every(nth: int, number: int) -> bool:
    return nth > 0 and number % nth == 0


def serve(connection: socket.socket) -> None:
    try:
        with connection:
            while connection.recv(65536):
                number = next(NUMBERS)
                if every(options.reset_every, number):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if every(options.slow_every, number):
                    time.sleep(options.slow)
                connection.sendall(LAST_ANSWER if options.close else ANSWER)
                if options.close:
                    return
    except OSError:
        pass


def accept() -> None:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def worker() -> int:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        accept()
    return pid


def stop(*_: object) -> None:
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


listener = socket.create_server(("127.0.0.1", options.port), backlog=256)
if not options.workers:
    accept()
workers = [worker() for _ in range(options.workers)]
signal.signal(signal.SIGTERM, stop)
while True:
    time.sleep(options.add_every or options.end_every or 3600)
    if options.end_every:
        os.kill(workers[0], signal.SIGKILL)
        os.waitpid(workers.pop(0), 0)
    workers.append(worker())
