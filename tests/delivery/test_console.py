from __future__ import annotations

import io
import os

import pytest

from service.delivery.console import ConsoleSender
from service.errors import DeliveryError
from service.records import ChannelKind
from tests.delivery.outgoing import delivery, faces
from tests.make import digest, digest_story

DELIVERY = delivery(ChannelKind.CONSOLE)


def test_the_text_of_the_digest_is_written() -> None:
    stream = io.StringIO()
    ConsoleSender(stream).send(DELIVERY, faces())
    assert stream.getvalue() == f"\n{faces().text}\n"


def test_what_is_written_is_there_at_once() -> None:
    # A daemon's output goes into a pipe, where lines would else wait for kilobytes of company.
    pipe = io.BytesIO()
    stream = io.TextIOWrapper(pipe, encoding="utf-8")
    ConsoleSender(stream).send(DELIVERY, faces())
    assert b"Headline 1" in pipe.getvalue()


def test_a_terminal_that_is_gone_is_worth_a_retry() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        io.TextIOWrapper(io.FileIO(writing, "w"), encoding="utf-8", write_through=True) as stream,
        pytest.raises(DeliveryError) as caught,
    ):
        ConsoleSender(stream).send(DELIVERY, faces())
    assert not caught.value.permanent


def test_a_terminal_that_knows_no_persian_still_gets_the_digest() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    ConsoleSender(stream).send(DELIVERY, faces(digest(digest_story(headline="Gas deal گاز"))))
    stream.seek(0)
    assert "Gas deal" in stream.read()
