"""What a digest looks like as a message."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.delivery.email import EmailSender
from service.records import ChannelKind, Rendered
from service.settings.schema import SmtpSettings
from tests.delivery.outgoing import delivery, faces
from tests.make import NOW, digest, digest_story
from tests.servers.smtp import smtp_server

DESK = "desk@client.example"
DELIVERY = delivery(ChannelKind.EMAIL, DESK, message_id="delivery-7")


def sender(port: int = 25) -> EmailSender:
    return EmailSender(
        SmtpSettings(
            host="127.0.0.1",
            port=port,
            security="none",
            sender="caspian@watch.example",
            timeout_seconds=5,
        )
    )


def received(folder: Path, rendered: Rendered, *, times: int = 1) -> list[EmailMessage]:
    """Return what a server got."""
    with smtp_server(folder, security="none") as server:
        for _ in range(times):
            sender(server.port).send(DELIVERY, rendered)
        return server.messages


def test_the_message_has_the_text_and_the_page_in_that_order(tmp_path: Path) -> None:
    rendered = faces(digest(digest_story(headline="قرارداد گاز — Газ — 天然气")))
    (message,) = received(tmp_path, rendered)
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    # CRLF on the wire.
    assert text.get_content().splitlines() == rendered.text.splitlines()
    assert page.get_content().splitlines() == rendered.html.splitlines()


def test_the_message_says_from_whom_to_whom_and_when(tmp_path: Path) -> None:
    (message,) = received(tmp_path, faces())
    assert message["From"] == "Caspian Watch <caspian@watch.example>"
    assert message["To"] == DESK
    assert message["Date"].datetime == NOW


def test_the_message_asks_machines_not_to_answer(tmp_path: Path) -> None:
    (message,) = received(tmp_path, faces())
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_a_second_copy_can_be_told_by_its_message_id(tmp_path: Path) -> None:
    messages = received(tmp_path, faces(), times=2)
    assert [message["Message-ID"] for message in messages] == ["<delivery-7@watch.example>"] * 2


def test_other_deliveries_have_other_message_ids() -> None:
    other = sender().compose(replace(DELIVERY, message_id="delivery-8"), faces())
    assert other["Message-ID"] == "<delivery-8@watch.example>"


@pytest.mark.parametrize(
    "title",
    [
        "Россия и Иран: военные, экономические и дипломатические новости за минувшие сутки",
        "رصد روسیه و ایران: تحولات نظامی، اقتصادی و دیپلماتیک در بیست و چهار ساعت گذشته",
        "俄罗斯与伊朗",
        "Ein sehr langer Titel " * 8 + "mit Umlauten: äöü",
        '"Watch", <desk>; (a) \\ b',
    ],
)
def test_a_subject_in_any_script_arrives_as_it_was(tmp_path: Path, title: str) -> None:
    rendered = faces(digest(digest_story(), title=title.strip()))
    (message,) = received(tmp_path, rendered)
    assert message["Subject"] == rendered.subject


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=80))
def test_whatever_the_title_the_message_keeps_to_the_limits_of_mail(title: str) -> None:
    rendered = replace(faces(), subject=f"Watch {' '.join(title.split())}: 1 story")
    raw = sender().compose(DELIVERY, rendered).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == rendered.subject


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\r\n"])
def test_a_title_of_several_lines_adds_no_header_and_still_arrives(
    tmp_path: Path, end: str
) -> None:
    rendered = faces(digest(digest_story(), title=f"Watch{end}Bcc: spy@evil.example"))
    with smtp_server(tmp_path, security="none") as server:
        sender(server.port).send(DELIVERY, rendered)
        assert server.recipients == [DESK]
        assert server.messages[0]["Bcc"] is None


def test_a_feed_cannot_write_parts_of_the_message(tmp_path: Path) -> None:
    hostile = "\r\n.\r\nMAIL FROM:<x@evil.example>\r\n--==\r\nContent-Type: text/html\r\n\r\n<b>"
    rendered = faces(digest(digest_story(headline=hostile)))
    (message,) = received(tmp_path, rendered)
    assert len(list(message.iter_parts())) == 2
    assert message["From"] == "Caspian Watch <caspian@watch.example>"
