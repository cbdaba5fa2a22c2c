"""Finding feeds: against a real small site, with whatever sites get wrong."""

from __future__ import annotations

import asyncio
import json

from service.polling.fetching.fetch import Fetcher
from service.polling.sources.discover import USUAL_PLACES, Discovery, Found, discover
from service.polling.sources.links import MOST_ANNOUNCED
from tests.make import rss, rss_item
from tests.polling.asking import LIMITS
from tests.servers.http import Answer, HttpServer, Request

FEED = rss(rss_item("Moscow and Tehran sign", "https://a.example/1"), title="Caspian Post")
OTHER = rss(rss_item("Oil is up", "https://a.example/2"), title="Oil")
SITEMAP = (
    "<urlset><url><loc>https://a.example/1</loc><news:news><news:title>Moscow and Tehran sign"
    "</news:title></news:news></url></urlset>"
)


def search(url: str) -> Discovery:
    async def ask() -> Discovery:
        async with Fetcher(LIMITS, "CaspianWatch/1") as fetcher:
            return await discover(url, fetcher.fetch)

    return asyncio.run(ask())


def serve(web: HttpServer, **documents: str) -> None:
    for name, body in documents.items():
        web.routes["/" + name.replace("__", ".").rstrip("_")] = Answer(body=body.encode())


def page(*tags: str, language: str = "") -> str:
    return f'<!doctype html><html lang="{language}"><head>{"".join(tags)}</head><p>News.</html>'


def announce(href: str, kind: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{kind}" title="Feed" href="{href}">'


def found(discovery: Discovery, web: HttpServer) -> list[tuple[str, Found]]:
    return [(one.url.removeprefix(web.address), one.found) for one in discovery.candidates]


# --- the search ------------------------------------------------------------------------------


def test_an_address_that_is_a_feed_is_taken_as_it_is_with_one_request(web: HttpServer) -> None:
    serve(web, feed=FEED)
    (candidate,) = search(web.url("/feed")).candidates
    assert (candidate.url, candidate.found) == (web.url("/feed"), Found.GIVEN)
    assert (candidate.feed.title, len(candidate.feed.articles)) == ("Caspian Post", 1)
    assert len(web.requests) == 1


def test_what_a_page_announces_is_found_in_its_order(web: HttpServer) -> None:
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><title>T</title></entry></feed>'
    items = [{"id": "1", "title": "T2"}]
    feed = json.dumps({"version": "https://jsonfeed.org/version/1", "title": "J", "items": items})
    tags = (
        announce("/b.json", "application/feed+json"),
        announce("a.atom", "application/atom+xml"),
        announce("/gone.xml"),
        announce("/comments/feed/"),
    )
    serve(web, b__json=feed, a__atom=atom, _=page(*tags))
    discovery = search(web.url("/"))
    assert found(discovery, web) == [("/b.json", Found.ANNOUNCED), ("/a.atom", Found.ANNOUNCED)]
    assert discovery.misses[-1].why.code == "http-404"
    assert sorted(request.path for request in web.requests) == [
        "/",
        "/a.atom",
        "/b.json",
        "/gone.xml",
    ]


def test_without_announcements_visible_links_are_tried(web: HttpServer) -> None:
    links = '<a href="/about">About</a> <a class=x href="/rss/world">RSS</a><a href="/b.xml">B</a>'
    serve(web, **{"rss/world": FEED, "b__xml": OTHER, "_": page(links)})
    assert found(search(web.url("/")), web) == [
        ("/rss/world", Found.LINKED),
        ("/b.xml", Found.LINKED),
    ]
    assert "/about" not in [request.path for request in web.requests]


def test_else_the_usual_places_of_the_site_are_tried(web: HttpServer) -> None:
    serve(web, **{"news/today": page(), "rss__xml": FEED})
    assert found(search(web.url("/news/today")), web) == [("/rss.xml", Found.USUAL)]
    asked = {request.path for request in web.requests}
    assert asked == {"/news/today", "/robots.txt", *USUAL_PLACES}


def test_a_page_at_a_usual_place_that_lists_feeds_is_followed(web: HttpServer) -> None:
    serve(
        web, _=page(), rss=page('<a href="/export/rss2.xml">All</a>'), **{"export/rss2__xml": FEED}
    )
    assert found(search(web.url("/")), web) == [("/export/rss2.xml", Found.LINKED)]


def test_a_site_that_shuts_its_pages_may_keep_its_feed_open(web: HttpServer) -> None:
    web.routes["/"] = Answer(403)
    serve(web, feed=FEED)
    assert found(search(web.url("/")), web) == [("/feed", Found.USUAL)]


def test_places_that_robots_forbids_are_not_guessed_at(web: HttpServer) -> None:
    robots = "User-agent: *\nDisallow: /feed\nDisallow: /rss\n"
    serve(web, _=page(), robots__txt=robots, feed=FEED, rss=FEED, atom__xml=FEED)
    assert found(search(web.url("/")), web) == [("/atom.xml", Found.USUAL)]
    assert {"/feed", "/rss"}.isdisjoint({request.path for request in web.requests})


def test_the_news_sitemap_that_robots_names_is_found_by_way_of_its_index(web: HttpServer) -> None:
    index = f"<sitemapindex><sitemap><loc>{web.url('/news.xml')}</loc></sitemap></sitemapindex>"
    plain = "<urlset><url><loc>https://a.example/1</loc></url></urlset>"
    robots = f"Sitemap: {web.url('/pages.xml')}\nSitemap: {web.url('/all.xml')}\n"
    serve(web, _=page(), robots__txt=robots, all__xml=index, pages__xml=plain, news__xml=SITEMAP)
    discovery = search(web.url("/"))
    assert found(discovery, web) == [("/news.xml", Found.SITEMAP)]
    codes = {miss.url.removeprefix(web.address): miss.why.code for miss in discovery.misses}
    assert (codes["/pages.xml"], codes["/all.xml"]) == ("nothing-readable", "sitemap-index")


def test_feeds_with_the_same_entries_are_one(web: HttpServer) -> None:
    serve(web, _=page(announce("/a"), announce("/b"), announce("/c")), a=FEED, b=FEED, c=OTHER)
    assert [url for url, _ in found(search(web.url("/")), web)] == ["/a", "/c"]


def test_an_empty_feed_is_shown_if_announced_and_not_if_guessed(web: HttpServer) -> None:
    serve(web, _=page(announce("/quiet")), quiet=rss())
    assert len(search(web.url("/")).candidates) == 1
    serve(web, _=page(), feed=rss())
    assert search(web.url("/")).candidates == ()


def test_a_feed_that_moved_for_good_is_found_where_it_is(web: HttpServer) -> None:
    web.routes["/old"] = Answer(301, {"location": "/new"})
    web.routes["/for-now"] = Answer(302, {"location": "/new"})
    serve(web, new=FEED)
    assert search(web.url("/old")).candidates[0].url == web.url("/new")
    assert search(web.url("/for-now")).candidates[0].url == web.url("/for-now")


def test_a_site_that_cannot_be_reached_is_asked_once(web: HttpServer) -> None:
    discovery = search("http://127.0.0.1:1/")
    assert (discovery.candidates, len(discovery.misses)) == ((), 1)
    assert discovery.misses[0].why.code == "connect"


def test_no_more_than_a_few_are_asked_at_once_and_none_twice(web: HttpServer) -> None:
    def answer(_: Request) -> Answer:
        return Answer(404)

    tags = [announce(f"/{number}.xml") for number in range(40)] * 2
    serve(web, _=page(*tags))
    web.routes.update({f"/{number}.xml": answer for number in range(40)})
    search(web.url("/"))
    paths = [request.path for request in web.requests]
    assert len(paths) == len(set(paths))
    assert sum(path.strip("/").removesuffix(".xml").isdecimal() for path in paths) == MOST_ANNOUNCED
