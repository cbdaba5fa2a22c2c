"""The daemon as a real process, which hubs call: started, pushed, stopped."""

from __future__ import annotations

import signal
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from tests.processes import running, wait_for_line, write_config
from tests.servers.http import HttpServer
from tests.servers.hub import hub_server
from tests.test_subscribing import FIRST, NEWS, TOPIC, feed_answer
from tests.web.serving import PATIENCE


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


def reachable(port: int, **settings: str) -> dict[str, str]:
    return {
        "WEB_PUBLIC_URL": f"http://127.0.0.1:{port}/watch",
        "WEB_LISTEN": f"127.0.0.1:{port}",
        "WEB_HUBS_TICK_SECONDS": "1",
        "POLLING_TICK_SECONDS": "1",
        **settings,
    }


def test_the_daemon_is_pushed_by_a_hub_over_tls(
    web: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    certificate = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    config = write_config(tmp_path, web.url("/feed"))
    with hub_server(context) as hub:
        web.routes["/feed"] = feed_answer(hub, FIRST)
        with running(config, "run", **reachable(free_port(), LOG_LEVEL="debug")) as process:
            assert hub.heard.get(timeout=60).is_success
            web.routes["/feed"] = feed_answer(hub, NEWS, FIRST)
            assert hub.publish(TOPIC, headers={"x-hub-signature": "sha1=" + "0" * 40}) == [202]
            assert hub.publish(TOPIC) == [202]
            wait_for_line(process, "push ignored")
            assert '"sooner": true' in wait_for_line(process, '"pushed"')
            # The feed is asked by the next tick, and what it has is stored.
            assert "new=1" in wait_for_line(process, "entries=2")
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
    assert len([one for one in web.requests if one.path == "/feed"]) == 2


def test_a_daemon_that_cannot_listen_says_so_and_ends(web: HttpServer, tmp_path: Path) -> None:
    config = write_config(tmp_path, web.url("/feed"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = reachable(taken.getsockname()[1])
        with running(config, "run", **settings) as process:
            assert process.wait(timeout=60) == 1
            assert process.stderr is not None
            said = process.stderr.read()
    assert "error [listen]: cannot listen on" in said
    assert "mend: free that port" in said


def test_a_call_without_end_does_not_keep_the_daemon_from_ending(
    web: HttpServer, tmp_path: Path
) -> None:
    config, port = write_config(tmp_path, web.url("/feed")), free_port()
    with running(config, "run", **reachable(port)) as process:
        wait_for_line(process, "started")
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as slow:
            head = f"POST /watch/push/{'t' * 43} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
            slow.sendall(head.encode())
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
