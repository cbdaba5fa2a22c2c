"""Pages that are broken or meant to do harm: none raises, none takes long."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.polling.pages.article import MAX_TEXT, read_page, web_page_code
from service.polling.pages.markup import MAX_BODY

URL = "https://outlet.example/world/1"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# No measure of speed, which is a fifth of it at worst: what takes so long has no bound.
STALLED_SECONDS = 8

# Tags that end within what is read of the page; longer ones are cut off with it.
WITHIN = 900_000
HOSTILE: dict[str, Callable[[int], str]] = {
    "deep": lambda n: "<div>" * (n // 5) + "x",
    "deep and closed": lambda n: ("<div>" * 100 + "<p>abc</p>" + "</div>" * 100) * (n // 1_110),
    "many paragraphs": lambda n: "<p>ab</p>" * (n // 9),
    "many breaks": lambda n: "<p>" + "a<br>" * (n // 5),
    "attributes": lambda n: "<p " + " ".join(f"a{i}=1" for i in range(min(n, WITHIN) // 9)) + ">x",
    "quoted ends": lambda n: (
        "<p " + " ".join(f'a{i}=">"' for i in range(min(n, WITHIN) // 12)) + ">x"
    ),
    "open comments": lambda n: "<!--" * (n // 4),
    "open scripts": lambda n: "<script>a<b " * (n // 12),
    "open tags": lambda n: "<a " * (n // 3),
    "open quotes": lambda n: "<a x=\"'" * (n // 7) + "<a x='",
    "brackets": lambda n: "<" * n,
    "doctype": lambda n: "<!doctype" + "/" * n,
    "one word": lambda n: "<p>" + "a" * n,
    "nothing": lambda n: "<p>" + "\0" * n,
    "spaces": lambda n: "<p>" + " \n" * (n // 2),
    "references": lambda n: "<p>" + "&#8204;&amp;" * (n // 12),
    "meta": lambda n: "<meta " * (n // 6),
    "sentences": lambda n: "<p>" + "x. " * (n // 3),
    "foreign": lambda n: "<p>" + "éÿ" * (n // 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_takes_long(name: str) -> None:
    body = HOSTILE[name](MAX_BODY - 1_000).encode("latin-1")
    start = process_time()
    answer = read_page(body, URL, {}, title="Iran and Russia agree on a railway")
    assert process_time() - start < STALLED_SECONDS
    assert len(answer.text) <= MAX_TEXT


SHARDS = [
    "<html lang='fa'>",
    "<p>",
    "</p>",
    "<script>",
    "<!--",
    "<h1>",
    "&#0;",
    "<title>",
    "&zwnj;",
]
SHARDS += ["<meta charset=utf-16>", "\ud800", "\0", "</html>", "<table><td>", "]]>", "<svg>", "و "]
SHARDS += ["<article>", "Subscribe now", "<?xml version='1.0' encoding='x'?>", "x" * 300, "<html/>"]


@settings(max_examples=60)
@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from(SHARDS)).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    ),
    st.text(max_size=30),
    st.sampled_from(["", "text/html; charset=utf-7", "text/html;charset=gbk"]),
)
def test_no_bytes_raise(body: bytes, title: str, content_type: str) -> None:
    answer = read_page(body, title, {"content-type": content_type}, title=title)
    assert not CONTROL.search(answer.text)
    assert web_page_code(body).startswith("html")
