"""Which dates are believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.polling.dates import believable
from tests.make import NOW


@pytest.mark.parametrize(
    "date",
    [
        None,
        NOW + timedelta(hours=2),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ],
)
def test_missing_future_and_ancient_dates_are_not_believed(date: datetime | None) -> None:
    assert believable(date, NOW) is None


@pytest.mark.parametrize("ago", [timedelta(minutes=-30), timedelta(0), timedelta(days=7_000)])
def test_dates_that_can_be_true_are_believed(ago: timedelta) -> None:
    assert believable(NOW - ago, NOW) == NOW - ago
