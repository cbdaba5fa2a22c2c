"""What commands look up in the database."""

from __future__ import annotations

from service.errors import InputError
from service.records import Article
from service.settings import Settings
from service.storage import articles
from service.storage.database import Database, open_database
from service.stories.addresses import address_key

LONGEST_ID = 19


def stored_article(settings: Settings, reference: str) -> Article:
    """Open the database for one look; see ``find_article``."""
    database = open_database(settings)
    try:
        return find_article(database, reference)
    finally:
        database.close()


def find_article(database: Database, reference: str) -> Article:
    """Return the stored article that an id or an address names.

    Raises:
        InputError: when none is known by it.

    """
    # Longer than any id a database gives.
    is_id = reference.isdecimal() and len(reference) < LONGEST_ID
    key = int(reference) if is_id else address_key(reference)
    with database.reading() as connection:
        article = None if key is None else articles.find(connection, key)
    if article is None:
        raise InputError(
            f"no article is known by {reference!r}",
            mend="give the number of a stored article, or its address as the feed has it",
        )
    return article
