"""Articles' own pages, read where the feed says too little."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from service.full_text import LEASE, YOUNG
from service.pipeline import Service, poll, read_articles
from service.settings import Settings
from service.storage import tables
from service.storage.articles import WANTED
from service.wiring.running import build_service
from tests.make import Clock, feed_config, rss, rss_item
from tests.servers.http import Answer, HttpServer

VAGUE = "Tehran welcomes the delivery of fighter jets"
TEXT = (
    "Russia has delivered the first Su-35 fighter jets to Iran, the defence ministry in Tehran "
    "said on Tuesday. The aircraft were handed over at an air base near Hamadan, where pilots who "
    "had been trained in Russia took charge of them. Moscow and Tehran signed the contract for "
    "the fighter jets two years ago, and Russia is to deliver twenty more by the end of the year. "
    "The minister said that Russian engineers would stay in Iran to look after the aircraft, and "
    "that talks on air defence missiles from Russia were going on."
)


def page(text: str = TEXT, title: str = VAGUE) -> Answer:
    paragraphs = "".join(f"<p>{part}.</p>" for part in text.split(". "))
    body = (
        f"<!doctype html><html lang=en><head><title>{title}</title></head><body>"
        f"<article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )
    return Answer(headers={"content-type": "text/html; charset=utf-8"}, body=body.encode())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(settings: Settings, web: HttpServer, clock: Clock) -> Iterator[Service]:
    polling = settings.polling.model_copy(
        update={"allow_private_addresses": True, "host_gap_seconds": 0, "parser_processes": 0}
    )
    web.routes["/feed"] = Answer(body=rss(rss_item(VAGUE, web.url("/article"))).encode())
    feeds = (feed_config(web.url("/feed")),)
    built = build_service(
        settings.model_copy(update={"polling": polling, "feeds": feeds}), clock=clock
    )
    yield built
    built.database.close()


def polled(service: Service) -> int:
    """Poll, read what pages are wanted, and return how many were read."""

    async def both() -> int:
        await poll(service, Event())
        return await read_articles(service)

    return asyncio.run(both())


def article(service: Service) -> Any:
    with service.database.reading() as connection:
        return connection.execute(
            select(tables.articles, tables.scores.c.probability, tables.scores.c.evidence).join(
                tables.scores, tables.scores.c.article_id == tables.articles.c.id
            )
        ).one()


def paths(web: HttpServer) -> list[str]:
    return [request.path for request in web.requests]


def test_a_bare_title_that_names_one_side_is_judged_by_its_page(
    service: Service, web: HttpServer
) -> None:
    web.routes["/article"] = page()
    assert polled(service) == 1
    row = article(service)
    assert (row.page_kind, row.page_text[:40]) == ("article", TEXT[:40])
    assert row.probability > service.harvester.scorer.threshold
    assert row.evidence["text_from"] == "page"
    with service.database.reading() as connection:
        assert len(connection.execute(select(tables.stories)).all()) == 1


def test_a_page_is_asked_for_once(service: Service, web: HttpServer) -> None:
    web.routes["/article"] = page()
    polled(service)
    assert asyncio.run(read_articles(service)) == 0
    assert paths(web).count("/article") == 1


def test_robots_txt_is_asked_first_and_obeyed(service: Service, web: HttpServer) -> None:
    web.routes["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /article\n")
    web.routes["/article"] = page()
    assert polled(service) == 0
    assert article(service).page_kind == "robots"
    assert "/article" not in paths(web)


def test_a_page_that_cannot_be_had_leaves_the_score_of_the_feed(
    service: Service, web: HttpServer
) -> None:
    assert polled(service) == 0
    row = article(service)
    assert (row.page_kind, row.page_text, row.probability) == ("unreachable", None, 0.0)


def test_what_a_paywall_hides_is_not_taken_for_the_article(
    service: Service, web: HttpServer
) -> None:
    wall = "Subscribe to continue reading. Already a subscriber? Log in. Choose your subscription."
    web.routes["/article"] = page(wall)
    polled(service)
    row = article(service)
    assert row.page_kind != "article"
    assert row.probability == 0.0


def test_a_page_whose_asking_died_is_asked_for_again_later(
    service: Service, web: HttpServer, clock: Clock
) -> None:
    asyncio.run(poll(service, Event()))
    assert service.pages is not None
    with service.database.transaction() as connection:
        connection.execute(tables.articles.update().values(page_at=clock.now))
    web.routes["/article"] = page()
    assert asyncio.run(read_articles(service)) == 0
    clock.now += LEASE
    assert asyncio.run(read_articles(service)) == 1


def test_old_pages_are_not_asked_for_any_more(
    service: Service, web: HttpServer, clock: Clock
) -> None:
    asyncio.run(poll(service, Event()))
    clock.now += YOUNG + timedelta(seconds=1)
    web.routes["/article"] = page()
    assert asyncio.run(read_articles(service)) == 0
    assert article(service).page_kind == WANTED


def test_an_item_that_says_enough_or_names_nobody_needs_no_page(
    service: Service, web: HttpServer
) -> None:
    sure = rss_item(
        "Moscow and Tehran sign a contract for Su-35 fighter jets",
        web.url("/sure"),
        "Russia will deliver twenty fighter jets to Iran under the contract, officials say.",
    )
    web.routes["/feed"] = Answer(
        body=rss(sure, rss_item("Rain in Rome", web.url("/rain"))).encode()
    )
    assert polled(service) == 0
    assert paths(web) == ["/feed"]
