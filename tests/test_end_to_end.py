"""Real feeds through the whole service: served over HTTP, told by mail and to Slack."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from threading import Event

import feedparser
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from service.pipeline import Service, deliver, digest, poll
from service.settings import Settings
from service.settings.schema import SlackSettings, SmtpSettings
from service.storage.tables import articles, scores
from service.stories.addresses import canonical_url
from service.wiring.running import build_service
from tests.make import Clock, feed_config, subscription
from tests.servers.http import Answer, HttpServer, Request
from tests.servers.slack import SlackServer
from tests.servers.smtp import PASSWORD, USER, SmtpServer, smtp_server

pytestmark = pytest.mark.shared

ENTRY = re.compile(rb"<(?:item|entry)[\s>]")


def documents(shared: Path) -> dict[str, list[bytes]]:
    """Feed path -> its successive documents: all outlets, two steps of each wire and series."""
    steps: dict[str, list[bytes]] = {}
    for name in ("outlets", "wire", "series"):
        with tarfile.open(shared / "feeds" / f"{name}.tar.gz") as archive:
            for member in sorted(archive.getmembers(), key=lambda member: member.name):
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    path = member.name if name == "outlets" else str(Path(member.name).parent)
                    steps.setdefault(f"/{path}", []).append(content.read())
    return {path: found[:2] for path, found in steps.items()}


class Replay:
    """Serves one step of every feed at a time, with an ETag."""

    def __init__(self, web: HttpServer, steps: dict[str, list[bytes]]) -> None:
        self.step = 0
        self.steps = steps
        for path in steps:
            web.routes[path] = self._answer

    def current(self, path: str) -> bytes:
        found = self.steps[path]
        return found[min(self.step, len(found) - 1)]

    def _answer(self, request: Request) -> Answer:
        body = self.current(request.path)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            return Answer(304, {"etag": etag})
        return Answer(200, {"etag": etag, "content-type": "application/xml"}, body)


@pytest.fixture
def replay(shared: Path, web: HttpServer) -> Replay:
    return Replay(web, documents(shared))


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[SmtpServer]:
    with smtp_server(tmp_path) as server:
        yield server


@pytest.fixture
def service(
    settings: Settings,
    replay: Replay,
    web: HttpServer,
    mail: SmtpServer,
    slack: SlackServer,
    clock: Clock,
) -> Iterator[Service]:
    desk = subscription(
        channels=("email:desk@client.example", "slack:desk", "file"),
        # So that real news of any day fills a digest, whatever it is about.
        threshold=0.001,
    )
    changed = settings.model_copy(
        update={
            "feeds": tuple(feed_config(web.url(path), outlet=path) for path in replay.steps),
            "subscriptions": (desk,),
            "smtp": SmtpSettings(
                host="127.0.0.1",
                port=mail.port,
                sender="caspian@watch.example",
                username=USER,
                password=SecretStr(PASSWORD),
                ca_file=mail.ca_file,
            ),
            "slack": SlackSettings(webhooks={"desk": SecretStr(slack.url)}),
        }
    )
    built = build_service(changed, clock=clock, chance=lambda: 0.5, console=io.StringIO())
    yield built
    built.database.close()


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def links_of(body: bytes) -> set[str]:
    entries = feedparser.parse(body).entries
    return {url for entry in entries if (url := canonical_url(entry.get("link") or ""))}


def test_real_feeds_are_read_whole_told_once_and_delivered(
    service: Service, replay: Replay, mail: SmtpServer, slack: SlackServer, clock: Clock
) -> None:
    first = asyncio.run(poll(service, Event()))
    assert (first.feeds, first.failed) == (len(replay.steps), 0)
    present = sum(len(ENTRY.findall(replay.current(path))) for path in replay.steps)
    assert first.entries == present
    before = set().union(*(links_of(replay.current(path)) for path in replay.steps))

    replay.step = 1
    clock.advance(hours=1)
    second = asyncio.run(poll(service, Event()))
    after = set().union(*(links_of(replay.current(path)) for path in replay.steps))
    changed = [path for path, steps in replay.steps.items() if steps[0] != steps[-1]]
    assert (second.failed, second.unchanged) == (0, len(replay.steps) - len(changed))
    assert second.new <= len(after - before)

    with service.database.reading() as connection:
        stored = connection.execute(select(articles.c.id, articles.c.url)).all()
        scored = set(connection.execute(select(scores.c.article_id)).scalars())
    assert scored == {row.id for row in stored}
    addresses = [url for row in stored if (url := canonical_url(row.url or ""))]
    assert len(addresses) == len(set(addresses))
    assert len(stored) == first.new + second.new

    issued = digest(service, at_once=True)
    assert len(issued) == 1
    assert deliver(service, Event()).sent == 3
    assert deliver(service, Event()).sent == 0
    check_mail(service, mail)
    assert len(slack.messages) == 1


def check_mail(service: Service, mail: SmtpServer) -> None:
    assert mail.encrypted == [True]
    assert mail.logins == ["good"]
    (message,) = mail.messages
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    parser = Links()
    parser.feed(html.get_content())
    with service.database.reading() as connection:
        known = set(connection.execute(select(articles.c.url)).scalars())
    assert parser.found
    assert set(parser.found) <= known
    assert all(link in text.get_content() for link in parser.found)
