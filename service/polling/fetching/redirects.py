"""The way from a feed's address to its answer, and what may be carried along it. Pure."""

from __future__ import annotations

import httpx

from service.polling.fetching.answers import GaveUpError
from service.records import FeedState

HIGHEST_PORT = 65_535
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
# After these a form is sent again as it was.
KEEPING = frozenset({307, 308})
SCHEMES = ("http", "https")


class Route:
    """Where a feed is asked now, and how that was reached.

    Raises ``httpx.InvalidURL`` for a feed's address that cannot be asked.
    """

    def __init__(self, feed: FeedState, most: int) -> None:
        self._feed = feed
        self._most = most
        self._home = self.url = _checked(httpx.URL(feed.url))
        self._hops = 0
        self._permanent = True
        self._cookies = httpx.Cookies()
        self._seen = {self._stop()}

    @property
    def host(self) -> str:
        """The host asked now, the same for both schemes on their usual ports."""
        return _host(self.url)

    @property
    def at_home(self) -> bool:
        """Whether the host is that of the feed's own address."""
        return self.host == _host(self._home)

    @property
    def moved_to(self) -> str | None:
        """Where the feed is for good, if every redirect said so."""
        return str(self.url) if self._hops and self._permanent else None

    def validators(self) -> dict[str, str]:
        """Return what makes the request conditional.

        What one host said of its document means nothing to another, which might even answer
        "not modified" to a date; nor is it the other's business.
        """
        if not self.at_home:
            return {}
        sent = {"If-None-Match": self._feed.etag, "If-Modified-Since": self._feed.last_modified}
        # What a header cannot carry is not sent back, and the feed is simply asked in full.
        return {name: value for name, value in sent.items() if value and value.isascii()}

    def prepare(self, request: httpx.Request) -> None:
        """Add what the address or the way so far asks for: a password, cookies."""
        if self.url.userinfo:
            login = httpx.BasicAuth(self.url.username, self.url.password)
            next(login.auth_flow(request))
        # Kept along one way only: some sites redirect until they see them, but no feed is to
        # be told from another, or harmed, by the cookies of a third.
        if self._cookies:
            self._cookies.set_cookie_header(request)

    def follow(self, response: httpx.Response, *, downgrade: bool = True) -> None:
        """Go where the response points; from https to http only if ``downgrade`` allows it.

        Raises:
            GaveUpError: it points out of the web, in a circle, or ever further.

        """
        if self._hops >= self._most:
            raise _lost(f"more than {self._most} redirects")
        if "set-cookie" in response.headers:
            self._cookies.extract_cookies(response)
        before = self.url
        self.url = _target(before, response.headers["location"])
        self._hops += 1
        # From https to http is followed, as some sites serve their feeds so; but it is never
        # taken for the feed's new address, since anyone on the way can read and change it.
        is_downgrade = (before.scheme, self.url.scheme) == ("https", "http")
        if is_downgrade and not downgrade:
            raise _lost("a redirect to where anyone on the way could read what is sent")
        self._permanent &= response.status_code in PERMANENT and not is_downgrade
        if self._stop() in self._seen:
            raise _lost("the redirects lead in a circle")
        self._seen.add(self._stop())

    def _stop(self) -> tuple[str, str]:
        # The same address with another cookie may give another answer.
        return str(self.url), str(sorted((c.name, c.value or "") for c in self._cookies.jar))


def _lost(message: str) -> GaveUpError:
    return GaveUpError("redirects", message, permanent=True)


def _target(base: httpx.URL, location: str) -> httpx.URL:
    try:
        return _checked(base.join(location).copy_with(fragment=None))
    except (httpx.InvalidURL, ValueError) as error:
        message = f"a redirect that cannot be followed: {error}"
        raise GaveUpError("bad-redirect", message, permanent=True) from None


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in SCHEMES:
        raise httpx.InvalidURL(f"{url.scheme or 'no scheme'!r} is not http or https")
    if not url.host:
        raise httpx.InvalidURL("it names no host")
    if (url.port or 0) > HIGHEST_PORT:
        raise httpx.InvalidURL(f"there is no port {url.port}")
    return url


def _host(url: httpx.URL) -> str:
    host = url.host.rstrip(".")
    return host if url.port is None else f"{host}:{url.port}"
