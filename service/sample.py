"""The sample day: feeds we wrote, served on loopback and put through the whole service.

Shown at first contact where no real feed answers, so that a stranger sees the main job done.
It has its own database and folder, and every digest of it is marked.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from service.records import Channel, ChannelKind
from service.settings import FeedConfig, Settings, Subscription

SUBSCRIPTION = "sample"


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the files of ``folder`` over HTTP on loopback; yield the address."""
    handler = partial(_QuietHandler, directory=str(folder))
    with _Server(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def sample_settings(settings: Settings, folder: Path, address: str) -> Settings:
    """Return settings that poll the sample at ``address`` into a fresh place of its own."""
    data_dir = Path(settings.data_dir) / "sample"
    shutil.rmtree(data_dir, ignore_errors=True)
    rows = tomllib.loads((folder / "feeds.toml").read_text(encoding="utf-8"))["feeds"]
    feeds = [FeedConfig(url=f"{address}/{row.pop('file')}", **row) for row in rows]
    subscription = Subscription(
        id=SUBSCRIPTION,
        title=f"{settings.topic.topic.name} watch",
        channels=(Channel(ChannelKind.CONSOLE), Channel(ChannelKind.FILE)),
    )
    return settings.model_copy(
        update={
            "data_dir": str(data_dir),
            "database_url": type(settings.database_url)(""),
            "feeds": tuple(feeds),
            "subscriptions": (subscription,),
            "polling": settings.polling.model_copy(
                # All feeds are on one host, and that is this machine.
                update={
                    "per_host": len(feeds),
                    "host_gap_seconds": 0.0,
                    "allow_private_addresses": True,
                }
            ),
        }
    )


class _Server(ThreadingHTTPServer):
    # All feeds are asked at once; the default backlog of 5 would delay some by a second.
    request_queue_size = 64


class _QuietHandler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - as the base class declares it
        ".xml": "application/xml",
        ".json": "application/feed+json",
        "": "application/octet-stream",
    }

    def log_message(self, *_: object) -> None:
        """Say nothing: the poller's own log tells what matters."""
