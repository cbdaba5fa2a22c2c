from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from service.digests.compose import Vocabulary, compose
from service.digests.render import render
from service.polling.reading.parse import parse
from service.records import Affiliation, Digest, DigestFooter, DigestLink, ParsedFeed, Topic
from tests.digests.page import Page, slack_texts
from tests.digests.strategies import digests
from tests.make import (
    NOW,
    accounts,
    article,
    digest,
    digest_story,
    fetched,
    report,
    story,
    subscription,
)

VOCABULARY = Vocabulary((Topic("economic"),), {"russia": "Russia", "iran": "Iran"})
# All that the templates write; a feed must not add a single one.
OUR_TAGS = {"html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "h3", "p", "a"}
OUR_TAGS |= {"span", "mark", "strong", "footer"}
OUR_ATTRIBUTES = {"lang", "charset", "name", "content", "class", "style", "dir", "href"}
OUR_ATTRIBUTES |= {"data-css-inline"}


def composed(*reports: Any, **wishes: Any) -> Digest:
    wanted = subscription(**wishes)
    return compose(
        accounts([story(1, *reports)], wanted),
        wanted,
        VOCABULARY,
        DigestFooter(1, 1, 0, "model-1"),
        since=NOW - timedelta(days=1),
        until=NOW,
        max_stories=40,
    )


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def link(url: str | None, outlet: str = "Outlet", title: str = "Title") -> DigestLink:
    return DigestLink(outlet, Affiliation.INDEPENDENT, "en", title, url)


def from_feed(**entry: str) -> Digest:
    """Return the digest of an article that came in a JSON Feed, which takes any character."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "title": "Russia and Iran", **entry}],
    }
    read = parse(fetched(json.dumps(document)))
    assert isinstance(read, ParsedFeed)
    (one,) = read.articles
    told = article(url=one.url, title=one.title, summary=one.summary)
    dated = replace(told, published_at=one.published_at)
    return composed(replace(report(), article=dated))


# --- hostile texts -------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(digests())
def test_no_text_of_a_feed_becomes_a_tag_or_an_attribute(one: Digest) -> None:
    page = Page(render(one).html)
    assert page.names <= OUR_TAGS
    assert {name for _, attributes in page.tags for name in attributes} <= OUR_ATTRIBUTES


@settings(max_examples=30, deadline=None)
@given(digests())
def test_every_face_tells_the_same_stories_in_the_same_words(one: Digest) -> None:
    faces = render(one)
    blocks, lines = Page(faces.html).blocks, faces.text.splitlines()
    messages = [unescaped(text) for text in slack_texts(faces.slack)]
    for told in one.stories:
        assert told.headline in blocks
        assert not told.extract or told.extract in blocks
        assert f"Why: {told.why}" in blocks
        assert any(told.headline in text and told.why in text for text in messages)
        assert f"* {told.headline}" in faces.text
        assert f"  why: {told.why}" in faces.text
    assert len(lines) >= len(one.stories)
    assert TypeAdapter(Digest).validate_json(json.dumps(faces.document)) == one


@settings(max_examples=30, deadline=None)
@given(digests())
def test_html_text_and_json_have_every_link_and_no_other(one: Digest) -> None:
    faces = render(one)
    links = [link for told in one.stories for link in told.links]
    addresses = {link.url for link in links if link.url}
    assert set(Page(faces.html).addresses) == addresses
    for each in links:
        assert each.outlet in faces.text
        assert not each.url or f": {each.url}\n" in faces.text
    written = json.dumps(faces.document, ensure_ascii=False)
    assert all(json.dumps(address, ensure_ascii=False) in written for address in addresses)


def test_slack_has_the_link_of_every_outlet_as_the_other_faces_have() -> None:
    links = tuple(link(f"https://outlet{n}.example/a", f"Outlet {n}") for n in range(3))
    message = json.dumps(render(digest(digest_story(links=links))).slack)
    assert [each.url for each in links if str(each.url) not in message] == []


def test_a_script_in_a_title_is_shown_and_not_run() -> None:
    hostile = '<script>alert("1")</script>'
    page = Page(render(digest(digest_story(headline=hostile, extract=hostile))).html)
    assert page.blocks.count(hostile) == 2


def test_quotes_in_an_address_do_not_end_the_attribute() -> None:
    address = 'https://outlet.example/"onmouseover="alert(1)\'><b>'
    told = digest_story(links=(link(address, title='"><img src=x>'),))
    page = Page(render(digest(told)).html)
    assert page.addresses == [address, address]


def test_markup_in_what_the_owner_wrote_is_shown_as_it_is() -> None:
    one = digest(digest_story(), title="<b>Watch</b> & co", time_zone="UTC")
    assert Page(render(one).html).blocks[0].startswith("<b>Watch</b> & co: 1 story")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " \tjava\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_runs_code_never_becomes_a_link(address: str) -> None:
    faces = render(from_feed(url=address))
    assert Page(faces.html).addresses == []
    assert "script:" not in faces.text
    assert "script:" not in json.dumps([faces.slack, faces.document])


def test_an_address_of_several_lines_cannot_write_lines_of_its_own() -> None:
    faces = render(from_feed(url="http://a.example/\n  Reuters [en]: http://phish.example/"))
    assert not [line for line in faces.text.splitlines() if line.startswith("  Reuters")]


def test_a_feed_cannot_send_a_terminal_its_commands() -> None:
    # U+009B begins a command for terminals that know the C1 controls, as ESC [ does.
    text = render(from_feed(title="Iran\u009b2J\x1b[2J and Russia")).text
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tehran"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_date_at_the_end_of_the_calendar_does_not_break_the_digest(
    zone: str, moment: str
) -> None:
    # The first is what .NET writes for "no date"; west of Greenwich it is no date at all.
    assert render(replace(from_feed(date_published=moment), time_zone=zone)).text
