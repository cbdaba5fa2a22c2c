"""A stand-in for Slack's incoming webhooks that enforces the documented limits.

docs.slack.dev: 50 blocks a message, 3,000 characters a section's text, 150 a header's, 3,000 a
context element's; one message a second, answered by 429 with Retry-After beyond that; an unknown
webhook is 404 ``no_service``; a payload that breaks a rule is 400 ``invalid_blocks``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http import Answer, Request, http_server

PATH = "/services/T000/B000/secret"


@dataclass
class SlackServer:
    url: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def take(self, request: Request) -> Answer:
        if self.answers:
            return self.answers.pop(0)
        try:
            payload = json.loads(request.body)
        except ValueError:
            return Answer(400, body=b"invalid_payload")
        problem = _problem(payload)
        if problem:
            return Answer(400, body=problem.encode())
        self.messages.append(payload)
        return Answer(200, body=b"ok")


def _problem(payload: Any) -> str | None:
    if not isinstance(payload, dict) or not payload.get("text"):
        return "no_text"
    blocks = payload.get("blocks")
    if not isinstance(blocks, list) or not 0 < len(blocks) <= 50:
        return "invalid_blocks: between 1 and 50 blocks"
    return next((problem for block in blocks if (problem := _block_problem(block))), None)


def _block_problem(block: dict[str, Any]) -> str | None:
    kind = block.get("type")
    if kind == "header":
        text = block["text"]
        good = text["type"] == "plain_text" and 0 < len(text["text"]) <= 150
    elif kind == "section":
        text = block["text"]
        good = text["type"] in ("mrkdwn", "plain_text") and 0 < len(text["text"]) <= 3000
    elif kind == "context":
        elements = block["elements"]
        good = 0 < len(elements) <= 10 and all(0 < len(e["text"]) <= 3000 for e in elements)
    else:
        good = kind == "divider"
    return None if good else f"invalid_blocks: {json.dumps(block)[:200]}"


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    with http_server() as server:
        slack = SlackServer(server.url(PATH))
        server.routes[PATH] = slack.take
        yield slack
