"""Where the service is reached from outside, as the configuration says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import check, load
from service.settings.values import host_and_port
from tests.test_settings import write


def configured(folder: Path, key: str, value: str) -> Path:
    return write(folder, settings=f"[web]\n{key} = '{value}'\n")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", ""),
        ("https://watch.example.org", "https://watch.example.org"),
        ("https://watch.example.org/", "https://watch.example.org"),
        ("http://127.0.0.1:8711", "http://127.0.0.1:8711"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        ("https://example.org/tools/watch_1~x/", "https://example.org/tools/watch_1~x"),
    ],
)
def test_a_public_address_is_taken_without_its_last_slash(
    tmp_path: Path, written: str, meant: str
) -> None:
    assert load(configured(tmp_path, "public_url", written), {}).web.public_url == meant


@pytest.mark.parametrize(
    "written",
    [
        "watch.example.org",
        "ftp://watch.example.org",
        "https://",
        "https://watch.example.org/?a=b",
        "https://watch.example.org/?",
        "https://watch.example.org/#part",
        "https://desk:s3cret@watch.example.org/",
        "https://watch.example.org//",
        "https://watch.example.org/../etc",
        "https://watch.example.org/%2e",
        "https://watch.example.org/a b",
        "https://наблюдение.example",
        "https://watch.example.org:99999",
        "https://watch.example.org\\\\@evil.example",
        " https://watch.example.org",
    ],
)
def test_what_is_no_public_address_is_told_with_a_mend(tmp_path: Path, written: str) -> None:
    (finding,) = check(configured(tmp_path, "public_url", written), {})
    assert (finding.id, finding.key) == ("caspian.E005", "web.public_url")
    assert "https://" in finding.mend
    assert "s3cret" not in str(finding)


@pytest.mark.parametrize(
    ("listen", "halves"),
    [
        ("127.0.0.1:8711", ("127.0.0.1", 8711)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:8711", ("::1", 8711)),
        ("[::]:8711", ("::", 8711)),
    ],
)
def test_a_place_to_listen_has_two_halves(
    tmp_path: Path, listen: str, halves: tuple[str, int]
) -> None:
    assert host_and_port(load(configured(tmp_path, "listen", listen), {}).web.listen) == halves


@pytest.mark.parametrize(
    "listen",
    ["", "8711", ":8711", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:8711",
     "http://127.0.0.1:8711", "127.0.0.1:٨٧١١", "127.0.0.1:8711\\n", "a b:1"],
)  # fmt: skip
def test_what_is_no_place_to_listen_is_told_with_a_mend(tmp_path: Path, listen: str) -> None:
    (finding,) = check(configured(tmp_path, "listen", listen), {})
    assert (finding.id, finding.key) == ("caspian.E004", "web.listen")
    assert "127.0.0.1:8711" in finding.mend


def test_both_can_be_said_by_variables(tmp_path: Path) -> None:
    said = {
        "CASPIAN_WEB_PUBLIC_URL": "https://watch.example.org/",
        "CASPIAN_WEB_LISTEN": "0.0.0.0:8711",
    }
    web = load(write(tmp_path), said).web
    assert (web.public_url, web.listen) == ("https://watch.example.org", "0.0.0.0:8711")


def test_nothing_listens_unless_it_is_configured_and_then_only_for_this_machine(
    tmp_path: Path,
) -> None:
    web = load(write(tmp_path), {}).web
    assert (web.public_url, web.listen) == ("", "127.0.0.1:8711")
