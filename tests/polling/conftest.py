"""A certificate authority of our own, and who trusts it."""

from __future__ import annotations

import ssl

import pytest
import trustme


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """What a client has that trusts this authority and no other."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
