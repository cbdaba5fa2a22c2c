"""The daemon as a real process: started, stopped, killed."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event

from sqlalchemy import create_engine, text

from tests.make import rss, rss_item
from tests.processes import caspian, running, wait_for_line, write_config
from tests.servers.http import Answer, HttpServer
from tests.servers.smtp import PASSWORD, USER, SmtpServer, smtp_server

ARTICLE = rss_item(
    "Russia and Iran sign Rasht-Astara railway loan",
    "https://a.example/rail",
    "Moscow and Tehran signed a loan agreement for the railway on Tuesday.",
)


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(f"sqlite:///{folder / 'var' / 'caspian.sqlite'}")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def test_sigterm_ends_the_daemon_in_order_while_a_feed_hangs(
    web: HttpServer, tmp_path: Path
) -> None:
    asked, release = Event(), Event()

    def hang() -> Iterator[bytes]:
        asked.set()
        release.wait(30)
        yield b""

    web.routes["/hangs"] = Answer(chunks=hang)
    web.routes["/good"] = Answer(body=rss(ARTICLE).encode())
    config = write_config(tmp_path, web.url("/hangs"), web.url("/good"))
    with running(config, "run") as process:
        wait_for_line(process, "started")
        assert asked.wait(20)
        process.send_signal(signal.SIGTERM)
        # The grace that container engines give; Popen.wait raises beyond it.
        assert process.wait(timeout=10) == 0
    release.set()


def test_a_daemon_polls_by_itself_and_is_healthy_then(web: HttpServer, tmp_path: Path) -> None:
    web.routes["/good"] = Answer(body=rss(ARTICLE).encode())
    config = write_config(tmp_path, web.url("/good"))
    assert caspian(config, "health").returncode == 1
    with running(config, "run", LOG_LEVEL="debug") as process:
        jobs = {'"poll"', '"digest"', '"deliver"'}
        while jobs:
            line = wait_for_line(process, "job done")
            jobs -= {job for job in jobs if job in line}
        assert caspian(config, "health").returncode == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    assert rows(tmp_path, "SELECT count(*) FROM articles") == [(1,)]


def smtp_settings(server: SmtpServer) -> dict[str, str]:
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_SENDER": "caspian@watch.example",
        "SMTP_USERNAME": USER,
        "SMTP_PASSWORD": PASSWORD,
        "SMTP_CA_FILE": server.ca_file,
    }


def test_a_kill_between_sending_and_closing_neither_loses_nor_doubles_the_row(
    web: HttpServer, tmp_path: Path
) -> None:
    web.routes["/good"] = Answer(body=rss(ARTICLE).encode())
    config = write_config(tmp_path, web.url("/good"), channels=("email:desk@client.example",))
    with smtp_server(tmp_path) as server:
        smtp = smtp_settings(server)
        assert caspian(config, "poll", **smtp).returncode == 0
        with running(config, "digest", **smtp) as process:
            # The message is taken, and the sender dies before it can hear of it.
            server.on_message = lambda: os.kill(process.pid, signal.SIGKILL)
            assert process.wait(timeout=30) == -signal.SIGKILL
        server.on_message = None
        assert rows(tmp_path, "SELECT status, attempts FROM outbox") == [("sending", 1)]
        # Its lease has run out for the next round: the row is taken up again, not made anew.
        moved = create_engine(f"sqlite:///{tmp_path / 'var' / 'caspian.sqlite'}")
        with moved.begin() as connection:
            connection.execute(text("UPDATE outbox SET lease_until = '2000-01-01 00:00:00.000000'"))
        moved.dispose()
        assert caspian(config, "digest", "--due", **smtp).returncode == 0
    assert rows(tmp_path, "SELECT status, attempts FROM outbox") == [("sent", 2)]
    assert rows(tmp_path, "SELECT count(*) FROM digests") == [(1,)]
    # The protocol cannot tell whether the first copy arrived; the Message-ID can.
    assert len({message["Message-ID"] for message in server.messages}) == 1
    assert len(server.messages) == 2


def test_a_restart_sends_nothing_a_second_time(web: HttpServer, tmp_path: Path) -> None:
    web.routes["/good"] = Answer(body=rss(ARTICLE).encode())
    config = write_config(tmp_path, web.url("/good"), channels=("email:desk@client.example",))
    with smtp_server(tmp_path) as server:
        smtp = smtp_settings(server)
        caspian(config, "poll", **smtp)
        for _ in range(2):
            assert caspian(config, "digest", "--due", **smtp).returncode == 0
        assert server.messages == []  # not due yet
        assert caspian(config, "digest", **smtp).returncode == 0
        for _ in range(2):
            assert caspian(config, "digest", "--due", **smtp).returncode == 0
    assert server.recipients == ["desk@client.example"]


def test_sigterm_ends_the_daemon_while_a_mail_server_hangs(web: HttpServer, tmp_path: Path) -> None:
    web.routes["/good"] = Answer(body=rss(ARTICLE).encode())
    config = write_config(tmp_path, web.url("/good"), channels=("email:desk@client.example",))
    # Takes connections, and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        smtp = {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(silent.getsockname()[1]),
            "SMTP_SENDER": "caspian@watch.example",
            "SMTP_TIMEOUT_SECONDS": "0.2",
        }
        caspian(config, "poll", **smtp)
        assert caspian(config, "digest", **smtp).returncode == 1  # kept, to be tried again
        moved = create_engine(f"sqlite:///{tmp_path / 'var' / 'caspian.sqlite'}")
        with moved.begin() as connection:
            past = "UPDATE outbox SET next_attempt_at = '2000-01-01 00:00:00.000000'"
            connection.execute(text(past))
        moved.dispose()
        silent.settimeout(30)
        silent.accept()[0].close()  # what the command had opened
        with running(config, "run", **{**smtp, "SMTP_TIMEOUT_SECONDS": "600"}) as process:
            accepted, _ = silent.accept()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            accepted.close()
    assert rows(tmp_path, "SELECT status FROM outbox") == [("sending",)]
