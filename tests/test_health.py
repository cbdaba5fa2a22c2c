"""Silence of a job, told in words; and the tree of errors."""

from __future__ import annotations

import inspect
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import errors
from service.errors import CaspianError, ConfigError, DeliveryError, InputError, ModelError
from service.health import LONGEST_SILENCE, silent_jobs
from service.records import Finding, Level
from tests.make import NOW

JOBS = sorted(LONGEST_SILENCE)
BEATS = dict.fromkeys(JOBS, NOW)

TICKS = dict.fromkeys(("poll", "digest", "deliver"), timedelta(seconds=15))


def test_a_daemon_whose_jobs_came_through_just_now_is_healthy() -> None:
    assert silent_jobs(BEATS, NOW, TICKS) == []


def test_a_daemon_that_never_ran_names_every_job() -> None:
    problems = silent_jobs({}, NOW, TICKS)
    assert sorted(problems) == [f"{job} has never run" for job in JOBS]


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_silent_only_after_its_longest_silence(job: str) -> None:
    edge = NOW - LONGEST_SILENCE[job]
    assert silent_jobs(BEATS | {job: edge}, NOW, TICKS) == []
    (problem,) = silent_jobs(BEATS | {job: edge - timedelta(seconds=1)}, NOW, TICKS)
    assert problem.startswith(f"{job} last ran ")


def test_silence_is_told_in_minutes() -> None:
    problems = silent_jobs(BEATS | {"poll": NOW - timedelta(hours=2)}, NOW, TICKS)
    assert problems == ["poll last ran 120 min ago"]


def test_jobs_nobody_watches_do_not_matter() -> None:
    assert silent_jobs(BEATS | {"spring-cleaning": NOW - timedelta(days=400)}, NOW, TICKS) == []


@given(st.dictionaries(st.sampled_from(JOBS), st.timedeltas(timedelta(0), timedelta(days=9))))
def test_each_job_is_told_at_most_once_and_only_if_it_is_late(ages: dict[str, timedelta]) -> None:
    problems = silent_jobs({job: NOW - age for job, age in ages.items()}, NOW, TICKS)
    late = [job for job in JOBS if job not in ages or ages[job] > LONGEST_SILENCE[job]]
    assert sorted(problem.split()[0] for problem in problems) == late


FINDING = Finding("caspian.E004", Level.ERROR, "feeds.toml", "feeds.0.url", "is bad", "mend it")


def test_an_error_says_what_happened_and_how_to_mend_it() -> None:
    assert str(InputError("line 3 is bad", mend="remove it")) == "line 3 is bad\n  mend: remove it"
    assert str(InputError("line 3 is bad")) == "line 3 is bad"


def test_a_code_of_its_own_does_not_become_that_of_others() -> None:
    assert ModelError("x", code="model-missing").code == "model-missing"
    assert ModelError("x").code == "model"


def test_a_configuration_error_tells_every_finding() -> None:
    whole_file = Finding("caspian.E001", Level.ERROR, "topic.toml", "", "is not there", "make it")
    error = ConfigError([FINDING, whole_file])
    assert error.findings == (FINDING, whole_file)
    assert str(error) == (
        "caspian.E004 feeds.toml: feeds.0.url: is bad\n  mend: mend it\n"
        "caspian.E001 topic.toml: is not there\n  mend: make it"
    )


def test_a_failed_delivery_says_whether_and_when_to_try_again() -> None:
    wait = timedelta(seconds=30)
    error = DeliveryError("busy", permanent=False, retry_after=wait, code="slack-429")
    assert (error.permanent, error.retry_after, error.code) == (False, wait, "slack-429")


def test_the_drawing_of_the_tree_shows_every_error_and_no_other() -> None:
    defined = {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, CaspianError)
    }
    drawn = {word for word in (errors.__doc__ or "").split() if word.endswith("Error")}
    assert drawn == set(defined)
    codes = [kind.code for kind in defined.values()]
    assert len(set(codes)) == len(codes)


def test_a_job_that_is_begun_rarely_may_be_silent_for_longer() -> None:
    rare = TICKS | {"digest": timedelta(hours=1)}
    beats = BEATS | {"digest": NOW - timedelta(hours=2)}
    assert silent_jobs(beats, NOW, rare) == []
    assert silent_jobs(beats, NOW, TICKS) != []
