"""A push counts if it is signed with the secret that its hub was told."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.polling.push.signature import METHODS, Signed

SECRET, BODY = "a secret", b"<rss>news</rss>"


def sign(method: str, secret: str = SECRET, body: bytes = BODY) -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


def holds(header: str | None, body: bytes = BODY, secret: str = SECRET) -> bool:
    signed = Signed(secret, header)
    signed.feed(body)
    return signed.holds()


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_every_method_of_the_recommendation_is_known(method: str) -> None:
    assert method in METHODS
    assert holds(sign(method))
    assert holds(sign(method).upper())
    assert not holds(sign(method), body=BODY + b" ")
    assert not holds(sign(method, "another secret"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256",
        "sha256=",
        "=",
        sign("sha256")[:-1],
        sign("sha256") + "0",
        sign("sha256").replace("sha256", "sha1"),
        sign("sha1").replace("sha1", "sha256"),
        sign("md5"),
        f"{sign('sha256')}, {sign('sha1')}",
        sign("sha256").replace("=", "=é"),
        "none=",
        "sha256=" + "z" * 64,
    ],
)
def test_what_is_no_signature_or_another_s_does_not_hold(header: str | None) -> None:
    assert not holds(header)


def test_where_no_secret_was_agreed_on_there_is_nothing_to_check() -> None:
    assert holds(None, secret="")
    assert holds("sha256=nonsense", secret="")


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_a_body_in_pieces_is_the_body(pieces: list[bytes]) -> None:
    signed = Signed(SECRET, sign("sha384", body=b"".join(pieces)))
    for piece in pieces:
        signed.feed(piece)
    assert signed.holds()


@given(st.text(max_size=150))
def test_no_header_breaks_the_check_or_passes_it(header: str) -> None:
    assert not holds(header)
