"""A real hub, after the recommendation; it can be told to be slow, to lie, and to refuse."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from urllib.parse import parse_qsl, urlencode

import httpx

from tests.servers.http import Answer, HttpServer, Request, http_server

CHALLENGE = "a-challenge-4711"
LEASE = 432_000
# How long a hub waits for its subscriber.
PATIENCE = 20


@dataclass(frozen=True)
class Held:
    """A subscription as the hub knows it."""

    topic: str
    callback: str
    secret: str


@dataclass
class Hub:
    """``url`` is where it is asked. ``reach`` tells where a public address really leads.

    ``confirms`` is "before" the answer, "after" it, or "never". Each confirmation, or what comes in
    its place, leaves the subscriber's answer in ``heard``.
    """

    server: HttpServer
    path: str = "/hub"
    reach: dict[str, str] = field(default_factory=dict)
    confirms: str = "before"
    refuses: Answer | None = None
    lease_seconds: str | None = str(LEASE)
    # What is changed in the parameters of a confirmation.
    lies: dict[str, str] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    heard: Queue[httpx.Response] = field(default_factory=Queue)
    before_answering: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return self.server.url(self.path)

    def __call__(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        self.asked.append(form)
        self.before_answering()
        if self.refuses is not None:
            return self.refuses
        if self.confirms == "before":
            self.confirm(form)
        elif self.confirms == "after":
            Thread(target=self.confirm, args=(form,), daemon=True).start()
        return Answer(202)

    def confirm(self, form: dict[str, str]) -> None:
        """Ask the subscriber whether it asked, and believe it if it echoes the challenge."""
        mode = form["hub.mode"]
        said = {"hub.mode": mode, "hub.topic": form["hub.topic"], "hub.challenge": CHALLENGE}
        if mode == "subscribe" and self.lease_seconds is not None:
            said["hub.lease_seconds"] = self.lease_seconds
        response = self.ask(form["hub.callback"], said | self.lies)
        if response.is_success and response.text == CHALLENGE:
            key = f"{form['hub.topic']} {form['hub.callback']}"
            if mode == "subscribe":
                secret = form.get("hub.secret", "")
                self.held[key] = Held(form["hub.topic"], form["hub.callback"], secret)
            else:
                self.held.pop(key, None)
        self.heard.put(response)

    def ask(self, callback: str, said: dict[str, str]) -> httpx.Response:
        url = f"{self._place(callback)}?{urlencode(said)}"
        return httpx.get(url, timeout=PATIENCE, trust_env=False)

    def publish(
        self,
        topic: str,
        body: bytes = b"<rss/>",
        *,
        headers: dict[str, str] | None = None,
    ) -> list[int]:
        """Push to all who hold ``topic``; return what they answer."""
        holders = [one for one in self.held.values() if one.topic == topic]
        return [
            self.push(one.callback, body, signed(one.secret, body) if headers is None else headers)
            for one in holders
        ]

    def push(self, callback: str, body: bytes, headers: dict[str, str]) -> int:
        named = {"content-type": "application/rss+xml"} | headers
        response = httpx.post(
            self._place(callback), content=body, headers=named, timeout=PATIENCE, trust_env=False
        )
        return response.status_code

    def _place(self, callback: str) -> str:
        for public, real in self.reach.items():
            callback = callback.replace(public, real)
        return callback


def signed(secret: str, body: bytes, method: str = "sha256") -> dict[str, str]:
    """Return the header with which a hub signs; none without a secret."""
    if not secret:
        return {}
    digest = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    return {"x-hub-signature": f"{method}={digest}"}


@contextmanager
def hub_server(tls: ssl.SSLContext | None = None) -> Iterator[Hub]:
    with http_server(tls) as server:
        hub = Hub(server)
        server.routes[hub.path] = hub
        yield hub
