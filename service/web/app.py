"""The web application: which address leads where, and what holds for all of them."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import ASGIApp

from service.subscribing import Subscriber
from service.web.guard import Guard
from service.web.push import push_routes

# Of a request's body, where a route allows no more.
MAX_BODY_BYTES = 65_536


def web_app(subscriber: Subscriber, *, max_push_bytes: int) -> ASGIApp:
    """Return the application that answers at the subscriber's public address.

    It expects requests as they were sent: with the path of the public address, if that has one.
    """
    routes: list[BaseRoute] = [*push_routes(subscriber, max_bytes=max_push_bytes)]
    prefix = urlsplit(subscriber.public_url).path
    if prefix:
        routes = [Mount(prefix, Router(routes, redirect_slashes=False))]
    app = Starlette(routes=routes, max_body_size=MAX_BODY_BYTES)
    # It would redirect to whatever host the request names.
    app.router.redirect_slashes = False
    return Guard(app)
