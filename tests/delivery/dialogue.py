"""An SMTP server that says what it is told to, for what a well-behaved one never says."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

GOOD = {"EHLO": "250 here", "MAIL": "250 OK", "RCPT": "250 OK", "QUIT": "221 bye", ".": "250 OK"}


class Dialogue:
    """``answers`` maps a command (or "." for the end of a message) to what is answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[str] = []


@contextmanager
def dialogue(
    greeting: str = "220 hello", answers: Mapping[str, str] | None = None
) -> Iterator[Dialogue]:
    """Serve one connection after the other; one that ends early is the client's right."""
    said = GOOD | dict(answers or {})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Dialogue(listening.getsockname()[1])

        def talk(connection: socket.socket) -> None:
            with connection, connection.makefile("rwb", 0) as lines:
                lines.write(f"{greeting}\r\n".encode())
                in_message = False
                for raw in lines:
                    line = raw.decode("utf-8", "replace").rstrip("\r\n")
                    if in_message and line != ".":
                        continue
                    command = line[:4].upper()
                    server.heard.append(command)
                    in_message = command == "DATA"
                    answer = "354 go on" if in_message else said.get(command, "502 unknown")
                    lines.write(f"{answer}\r\n".encode())
                    if command == "QUIT":
                        return

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                try:
                    talk(connection)
                except OSError:
                    continue

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing alone does not wake a thread that waits in accept().
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
