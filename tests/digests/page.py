"""Reads a page as a mail program does, and is strict about its tags."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"meta", "link", "br", "hr", "img"})
# What holds text of its own, and none of which holds another.
BLOCKS = frozenset({"p", "h1", "h2", "h3", "title"})


class Page(HTMLParser):
    """What the page holds. Raises AssertionError where a tag is left open or closed twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.blocks: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.style += data
        elif BLOCKS.intersection(self._open):
            self.blocks[-1] += data

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.tags}

    @property
    def addresses(self) -> list[str]:
        return [attributes["href"] for _, attributes in self.tags if "href" in attributes]


def slack_texts(message: Any) -> list[str]:
    """Return the text of every block, in order."""
    return [
        block["text"]["text"] if "text" in block else block["elements"][0]["text"]
        for block in message["blocks"]
    ]
