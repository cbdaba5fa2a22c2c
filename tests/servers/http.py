"""A real HTTP server whose answers are scripted, and which remembers what it was asked."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """``chunks`` are written one after the other as they come, so that a test may never end."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: Callable[[], Iterator[bytes]] | None = None


Script = Callable[[Request], Answer]


class HttpServer:
    """``routes`` maps a path to an answer or to a function that makes one."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.routes: dict[str, Answer | Script] = {}
        self.requests: list[Request] = []

    def url(self, path: str) -> str:
        return f"{self.address}{path}"

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        route = self.routes.get(request.path, Answer(404))
        return route if isinstance(route, Answer) else route(request)


@contextmanager
def http_server(tls: ssl.SSLContext | None = None) -> Iterator[HttpServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            request = Request(
                self.command,
                self.path,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            answer = served.answer(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.chunks is None:
                self.send_header("content-length", str(len(answer.body)))
            else:
                self.send_header("connection", "close")
            self.end_headers()
            try:
                if answer.status != 304:
                    self.wfile.write(answer.body)
                for chunk in answer.chunks() if answer.chunks else ():
                    self.wfile.write(chunk)
            except OSError:
                # The client has had enough: what several tests are about.
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 - as http.server names them

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        served = HttpServer(f"{scheme}://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Yield the address of a server that says whatever ``talk`` writes, HTTP or not."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            # The client hangs up on most of what is said here.
            with suppress(OSError):
                self.request.recv(65_536)
                talk(self.request)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
