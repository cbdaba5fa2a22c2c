"""Addresses that may not be asked: every range, every spelling, and names that lead there."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.fetching import network
from service.polling.fetching.addresses import is_public
from service.polling.fetching.network import MOST_ADDRESSES, candidates
from tests.polling.asking import GUARDED, failure, resolver, success
from tests.servers.http import Answer, HttpServer

CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_of_a_special_range_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_an_address_beside_such_a_range_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_what_stands_for_an_address_is_as_public_as_that(address: IPv4Address) -> None:
    number = int(address)
    forms = [(0xFFFF << 32) | number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80)]
    assert {is_public(IPv6Address(form)) for form in forms} == {is_public(address)}


@given(st.ip_addresses(v=4))
def test_nothing_is_public_that_the_standard_library_knows_as_closed(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not is_public(address)


# --- which addresses of a name are tried ----------------------------------------------------


def test_only_the_public_addresses_of_a_name_are_tried() -> None:
    found = ["10.0.0.1", "8.8.8.8", "::1", "1.1.1.1"]
    assert candidates("feed.example", found, allow_private=False) == ["8.8.8.8", "1.1.1.1"]
    assert set(candidates("feed.example", found, allow_private=True)) == set(found)


def test_both_kinds_of_addresses_are_tried_by_turns_and_not_without_end() -> None:
    newer = [f"2606:4700::{number:x}" for number in range(100)]
    tried = candidates("feed.example", [*newer, "8.8.8.8"], allow_private=False)
    assert tried[:3] == [newer[0], "8.8.8.8", newer[1]]
    assert len(tried) == MOST_ADDRESSES


# --- requests that are refused --------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00:ec2::254]",
        "user:pass@127.0.0.1",
    ],
)
def test_no_spelling_leads_to_a_closed_address(host: str) -> None:
    result = failure(f"http://{host}:9/", GUARDED)
    assert (result.code, result.permanent) == ("private-address", True)


@pytest.mark.parametrize(
    "host",
    [
        "0177.0.0.1",
        "localhost.",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[fe80::1%25eth0]",
        "[::]",
        "127.0.0.1%00.example",
    ],
)
def test_nor_does_an_odd_spelling(host: str) -> None:
    assert failure(f"http://{host}:9/", GUARDED).code in ("private-address", "bad-url", "dns")


def test_the_server_is_not_even_connected_to(web: HttpServer) -> None:
    web.routes["/"] = Answer(body=b"<rss/>")
    assert failure(web.url("/"), GUARDED).code == "private-address"
    assert web.requests == []


def test_a_refusal_names_the_host_the_address_and_the_setting() -> None:
    url = "http://metadata.example/latest"
    message = failure(url, GUARDED, names=resolver("169.254.169.254")).message
    for part in ("metadata.example", "169.254.169.254", "allow_private_addresses = true"):
        assert part in message


def test_a_name_is_looked_up_once_and_not_again_for_the_connection(web: HttpServer) -> None:
    asked: list[str] = []

    def look_up(host: str, _: int) -> list[str]:
        # Another address each time, as one who wants to get past the check would have it.
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    web.routes["/"] = Answer(body=b"<rss/>")
    url = web.url("/").replace("127.0.0.1", "rebinding.example")
    assert success(url, names=network.Resolver(look_up)).body == b"<rss/>"
    assert asked == ["rebinding.example"]
    assert web.requests[0].headers["host"].startswith("rebinding.example:")


def test_a_redirect_to_a_closed_address_is_refused(
    web: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the test's own server were out in the world.
    monkeypatch.setattr(network, "is_public", lambda address: address == "127.0.0.1")
    web.routes["/"] = Answer(302, {"Location": web.url("/").replace("127.0.0.1", "127.0.0.2")})
    result = failure(web.url("/"), GUARDED)
    assert (result.code, result.permanent) == ("private-address", True)
    assert "127.0.0.2" in result.message


def test_no_proxy_of_the_environment_is_used(
    web: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    web.routes["/"] = Answer(body=b"<rss/>")
    assert success(web.url("/")).body == b"<rss/>"
