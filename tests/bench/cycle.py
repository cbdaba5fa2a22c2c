"""Times full polling cycles: fetch, parse, score, group, store.

    python -m tests.bench.cycle --feeds 64 --items 40

The feeds are served from a process of their own on loopback, with ETags. Their items are those
of the curriculum: one in ``--one-candidate-in`` names both sides, half of these relevant. In the
real streams at hand fewer than one in a hundred do; feeds about the two countries have more.
Prints one JSON line: seconds of the cold and of the unchanged cycle, and the peak memory.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import multiprocessing
import resource
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count as count_up
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
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


def serve(count: int, items: int, one_candidate_in: int, ready: Connection) -> None:
    bodies = documents(count, items, one_candidate_in)
    etags = [f'"{hashlib.sha256(body).hexdigest()[:16]}"' for body in bodies]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(self.path.removeprefix("/"))
            unchanged = self.headers.get("if-none-match") == etags[number]
            body = b"" if unchanged else bodies[number]
            self.send_response(304 if unchanged else 200)
            self.send_header("etag", etags[number])
            self.send_header("content-type", "application/rss+xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        # The default of 5 would let the kernel delay the burst of connections by a second.
        request_queue_size = 256

    with Server(("127.0.0.1", 0), Handler) as server:
        ready.send(server.server_port)
        server.serve_forever()


def timed_cycle(service: Service) -> tuple[float, Harvest]:
    with service.database.transaction() as connection:
        feeds.make_due(connection, utc_now())
    begun = time.perf_counter()
    harvest = asyncio.run(poll(service, Event()))
    return round(time.perf_counter() - begun, 3), harvest


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=int, default=64)
    options.add_argument("--items", type=int, default=40)
    options.add_argument("--one-candidate-in", type=int, default=20)
    chosen = options.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(
        target=serve, args=(chosen.feeds, chosen.items, chosen.one_candidate_in, there), daemon=True
    )
    server.start()
    port = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        settings = load(ROOT / "config", {}).model_copy(
            update={
                "data_dir": folder,
                "feeds": tuple(
                    feed_config(f"http://127.0.0.1:{port}/{number}")
                    for number in range(chosen.feeds)
                ),
                "subscriptions": (),
            }
        )
        # All feeds share one host here, which real ones do not.
        polling = settings.polling.model_copy(update={"per_host": settings.polling.concurrency})
        service = build_service(
            settings.model_copy(update={"polling": polling}), console=io.StringIO()
        )
        cold, first = timed_cycle(service)
        unchanged, second = timed_cycle(service)
        service.database.close()
    server.terminate()
    if (first.new, second.unchanged) != (chosen.feeds * chosen.items, chosen.feeds):
        raise SystemExit(f"the cycles did not do their work: {first}, {second}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "feeds": chosen.feeds,
                "items": first.entries,
                "relevant": first.relevant,
                "cold_s": cold,
                "unchanged_s": unchanged,
                "peak_mb": round(peak),
            }
        )
    )


if __name__ == "__main__":
    main()
