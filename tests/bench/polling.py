"""Times full polling cycles, ours and those of others, side by side on one server.

    python -m tests.bench.polling --feeds 300 --items 40 \\
        --reader-python /tmp/reader/bin/python --newsboat newsboat

Ours is all of it: fetch, parse, recognise, score, group, store. ``reader`` (a Python library, in an
environment of its own) and newsboat (a program in C++) fetch, parse and store.

The feeds are served from a process of their own on loopback, with ETags. Their items are those
of the curriculum: one in ``--one-candidate-in`` names both sides, half of these relevant. In the
real streams at hand fewer than one in a hundred do; feeds about the two countries have more.
Prints one JSON line each: seconds of the cold cycle and of one in which nothing had changed, and
the peak memory. Each is run in a process of its own, ``--rounds`` times; the best counts.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import multiprocessing
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from itertools import count as count_up
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import cast
from xml.sax.saxutils import escape

from service.clock import utc_now
from service.harvest import Harvest
from service.pipeline import Service, poll
from service.settings import load
from service.storage import feeds
from service.wiring.models import mention_finder
from service.wiring.running import build_service
from tests.make import feed_config

ROOT = Path(__file__).parents[2]

Figures = dict[str, float]


def documents(count: int, items: int, one_candidate_in: int) -> list[bytes]:
    rows = [
        json.loads(line)
        for path in sorted((ROOT / "models" / "curriculum").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    finder = mention_finder(load(ROOT / "config", {}).topic)
    through = [finder.names_both(f"{row['title']}\n{row['summary']}") for row in rows]
    candidates = cycle(row for row, passes in zip(rows, through, strict=True) if passes)
    others = cycle(row for row, passes in zip(rows, through, strict=True) if not passes)
    supply = (next(others if number % one_candidate_in else candidates) for number in count_up())
    made = []
    for feed in range(count):
        entries = "".join(
            f"<item><title>{escape(row['title'])}</title>"
            f"<link>https://outlet{feed}.example/{number}</link>"
            f"<guid>{feed}-{number}</guid><pubDate>Tue, 17 Mar 2026 10:00:00 GMT</pubDate>"
            f"<description>{escape(row['summary'])}</description></item>"
            for number, row in enumerate(islice(supply, items))
        )
        made.append(
            f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
            f"<title>Outlet {feed}</title>{entries}</channel></rss>".encode()
        )
    return made


class Answering(asyncio.Protocol):
    """Answers requests for ``/0``, ``/1``, ... at once: the server is not what is measured."""

    def __init__(self, bodies: list[bytes], etags: list[str]) -> None:
        self._bodies, self._etags = bodies, etags
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._left = (self._left + data).split(b"\r\n\r\n")
        for request in requests:
            number = int(request.split(b" ", 2)[1].removeprefix(b"/"))
            etag = self._etags[number]
            known = etag.encode() in request
            body = b"" if known else self._bodies[number]
            status = "304 Not Modified" if known else "200 OK"
            head = (
                f"HTTP/1.1 {status}\r\nETag: {etag}\r\nContent-Type: application/rss+xml\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            self._transport.write(head.encode() + body)


def serve(count: int, items: int, one_candidate_in: int, ready: Connection) -> None:
    bodies = documents(count, items, one_candidate_in)
    etags = [f'"{hashlib.sha256(body).hexdigest()[:16]}"' for body in bodies]

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Answering(bodies, etags), "127.0.0.1", 0, backlog=512
        )
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def ours(port: int, feeds_: int, items: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        settings = load(ROOT / "config", {})
        # All feeds share one host here, which real ones do not.
        polling = settings.polling.model_copy(
            update={
                "per_host": settings.polling.concurrency,
                "host_gap_seconds": 0,
                "allow_private_addresses": True,
                "batch": feeds_,
            }
        )
        service = build_service(
            settings.model_copy(
                update={
                    "data_dir": folder,
                    "polling": polling,
                    "subscriptions": (),
                    "feeds": tuple(feed_config(url) for url in addresses(port, feeds_)),
                }
            ),
            console=io.StringIO(),
        )
        cold, first = timed_cycle(service)
        unchanged, second = timed_cycle(service)
        service.close()
    if (first.new, second.unchanged) != (feeds_ * items, feeds_):
        raise SystemExit(f"the cycles did not do their work: {first}, {second}")
    return {"cold_s": cold, "unchanged_s": unchanged, "peak_mb": peak_mb(resource.RUSAGE_SELF)}


def timed_cycle(service: Service) -> tuple[float, Harvest]:
    with service.database.transaction() as connection:
        feeds.make_due(connection, utc_now())
    begun = time.perf_counter()
    harvest = asyncio.run(poll(service, Event()))
    return round(time.perf_counter() - begun, 3), harvest


READER = """
import resource, sys, tempfile, time
from reader import make_reader
port, feeds, items = map(int, sys.argv[1:4])
with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(folder + "/db.sqlite", feed_root=None)
    for number in range(feeds):
        reader.add_feed(f"http://127.0.0.1:{port}/{number}")
    times = []
    for _ in range(2):
        begun = time.perf_counter()
        reader.update_feeds(workers=10, scheduled=False)
        times.append(round(time.perf_counter() - begun, 3))
    assert reader.get_entry_counts().total == feeds * items
    print(*times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def reader(python: str, port: int, feeds_: int, items: int) -> Figures:
    command = [python, "-c", READER, str(port), str(feeds_), str(items)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return {"cold_s": float(told[0]), "unchanged_s": float(told[1]), "peak_mb": int(told[2])}


def newsboat(program: str, port: int, feeds_: int, items: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        urls, cache, options = home / "urls", home / "cache.db", home / "config"
        urls.write_text("".join(f"{url}\n" for url in addresses(port, feeds_)))
        options.write_text("reload-threads 16\n")
        command = [program, "-u", str(urls), "-c", str(cache), "-C", str(options), "-x", "reload"]
        times = []
        for _ in range(2):
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env={"HOME": folder})
            times.append(round(time.perf_counter() - begun, 3))
        with closing(sqlite3.connect(cache)) as stored:
            (count,) = stored.execute("SELECT COUNT(*) FROM rss_item").fetchone()
    if count != feeds_ * items:
        raise SystemExit(f"newsboat stored {count} items")
    return {
        "cold_s": times[0],
        "unchanged_s": times[1],
        "peak_mb": peak_mb(resource.RUSAGE_CHILDREN),
    }


def addresses(port: int, count: int) -> list[str]:
    return [f"http://127.0.0.1:{port}/{number}" for number in range(count)]


def peak_mb(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


def contest(name: str, call: str, rounds: int, feeds_: int) -> None:
    """Run one contestant, each time in a process of its own, and print its best."""
    code = f"import json; from tests.bench import polling; print(json.dumps(polling.{call}))"
    best: Figures = {}
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, cwd=ROOT, timeout=300
        )
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        best = {key: min(best.get(key, value), value) for key, value in figures.items()}
    rates = {
        key.replace("_s", "_feeds_a_second"): round(feeds_ / value)
        for key, value in best.items()
        if key.endswith("_s")
    }
    print(json.dumps({"contestant": name, "feeds": feeds_, **best, **rates}), flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=int, default=300)
    options.add_argument("--items", type=int, default=40)
    options.add_argument("--one-candidate-in", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--reader-python")
    options.add_argument("--newsboat")
    given = options.parse_args()
    count, items = given.feeds, given.items
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(
        target=serve, args=(count, items, given.one_candidate_in, there), daemon=True
    )
    server.start()
    sizes = f"{here.recv()}, {count}, {items}"
    try:
        contest("caspian", f"ours({sizes})", given.rounds, count)
        if given.reader_python:
            contest("reader", f"reader({given.reader_python!r}, {sizes})", given.rounds, count)
        if given.newsboat:
            contest("newsboat", f"newsboat({given.newsboat!r}, {sizes})", given.rounds, count)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
