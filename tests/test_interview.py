"""The keyboard interview: keys from a list, a stopwatch that runs, a real database and model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from service.asking import Question
from service.cli.interview import Interview, Told
from service.records import ArticleId, Candidate, Item, Label, Origin, Verdict
from service.relevance.classifier import Classifier
from service.relevance.neighbours import Neighbours
from service.settings import Settings
from service.storage import audit, labels, tables
from service.storage.database import Database
from service.stories.identity import text_hash
from service.wiring.models import encoder, mention_finder, topics_of
from tests.make import NOW, Clock, parsed_article
from tests.storage.rows import arrival, list_feeds, rate, rows_of, score, store, tell_in

GAS = "Moscow and Tehran sign a gas deal"
SPORT = "Russia beat Iran on penalties in the volleyball final"
ARMS = "Iran ships drones to Russia"
SECONDS = 2.5
HELP = "take back"
UNKNOWN = "unknown key; keys: r n u 1-3 s z q ?"
DONE = "that was all"
NUMBERS = count()


@pytest.fixture(scope="module")
def neighbours(shipped_settings: Settings) -> Neighbours:
    return Neighbours(
        mention_finder(shipped_settings.topic),
        encoder(),
        [
            (Item("Gazprom and Iran agree on gas", "The price was not told."), True, "positive"),
            (Item("Russia and Iran meet in the chess final", ""), False, "both-sport-culture"),
        ],
    )


@pytest.fixture
def interview(
    database: Database,
    classifier: Classifier,
    neighbours: Neighbours,
    shipped_settings: Settings,
    clock: Clock,
) -> Callable[..., Interview]:
    def made(*pressed: str, **changes: Any) -> Interview:
        # After the last answer any key ends: "." here, where a test is about something else.
        waiting = iter((*pressed, "."))

        def key() -> str:
            clock.advance(seconds=1)
            pressed_now = next(waiting, None)
            assert pressed_now is not None, "it waits for one more key"
            return pressed_now

        values: dict[str, Any] = {
            "database": database,
            "model": classifier,
            "neighbours": neighbours,
            "topics": topics_of(shipped_settings.topic),
            "reader": "ann",
            "clock": clock,
            "stopwatch": count(0, SECONDS).__next__,
            "key": key,
            "console": Console(file=StringIO(), width=100, _environ={}),
        }
        return Interview(**(values | changes))

    return made


def questions(database: Database, *texts: str | tuple[str, str]) -> list[Question]:
    """Store an article of each title, or title and summary, and ask about them in that order."""
    (feed,) = list_feeds(database, "https://feed.example/rss")
    pairs = [(text, "") if isinstance(text, str) else text for text in texts]
    ids = store(
        database,
        *(
            arrival(
                feed,
                title,
                article=parsed_article(title, summary=summary),
                content_hash=text_hash(title, summary),
                keys=(f"key of {title} {summary}",),
            )
            for title, summary in pairs
        ),
    )
    for article in ids:
        rate(database, article, score(0.6))
    return [Question(found[id_]) for found in [candidates(database)] for id_ in ids]


def stored(database: Database, titles: Sequence[str]) -> dict[str, ArticleId]:
    """Return the articles of these titles, stored if they are not yet."""
    known = {row.title: ArticleId(row.id) for row in rows_of(database, tables.articles)}
    if not known:
        questions(database, *titles)
        return stored(database, titles)
    return {title: known[title] for title in titles}


def candidates(database: Database) -> dict[ArticleId, Candidate]:
    with database.reading() as connection:
        found = audit.candidates(connection, NOW - timedelta(days=1), 100)
    return {candidate.article_id: candidate for candidate in found}


def told_by(database: Database) -> list[Label]:
    with database.reading() as connection:
        return labels.history(connection)


def holding(database: Database) -> dict[str, Verdict]:
    with database.reading() as connection:
        return {label.item.title: label.verdict for label in labels.current(connection)}


def shown(run: Interview) -> str:
    assert isinstance(run.console.file, StringIO)
    return run.console.file.getvalue()


# --- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        ("r", Verdict.RELEVANT),
        ("n", Verdict.NOT_RELEVANT),
        ("u", Verdict.UNSURE),
        ("R", Verdict.RELEVANT),
        ("N", Verdict.NOT_RELEVANT),
    ],
)
def test_one_key_is_an_answer_and_is_stored_whole(
    key: str, verdict: Verdict, database: Database, interview: Callable[..., Interview]
) -> None:
    (asked,) = questions(database, (GAS, "Gazprom said so."))
    told = interview(key).run([asked])
    (label,) = told_by(database)
    assert (label.verdict, label.reader, label.origin) == (verdict, "ann", Origin.CLI)
    assert label.item == Item(GAS, "Gazprom said so.", "en")
    assert label.article_id == asked.candidate.article_id
    assert (label.url, label.draw) == (asked.candidate.url, None)
    assert (told.labels, told.counts[verdict]) == (1, 1)


def test_an_answer_is_stored_before_the_next_question_is_asked(
    database: Database, interview: Callable[..., Interview]
) -> None:
    stored: list[int] = []
    pressed = iter("rnu.")

    def key() -> str:
        stored.append(len(told_by(database)))
        return next(pressed)

    interview(key=key).run(questions(database, GAS, SPORT, ARMS))
    assert stored == [0, 1, 2, 3]
    assert holding(database) == {
        GAS: Verdict.RELEVANT,
        SPORT: Verdict.NOT_RELEVANT,
        ARMS: Verdict.UNSURE,
    }


def test_the_seconds_of_each_answer_are_stored_and_added_up(
    database: Database, interview: Callable[..., Interview]
) -> None:
    told = interview("r", "n").run(questions(database, GAS, SPORT))
    assert [label.seconds for label in told_by(database)] == [SECONDS, SECONDS]
    assert told.seconds == 2 * SECONDS


def test_the_topics_that_the_model_would_give_are_on_and_kept_by_a_bare_answer(
    database: Database, interview: Callable[..., Interview], classifier: Classifier
) -> None:
    (asked,) = questions(database, GAS)
    (score_of,) = classifier.score([asked.candidate.item])
    assert score_of.relevant
    interview("r").run([asked])
    assert told_by(database)[0].topics == score_of.topics == ("economic",)


@pytest.mark.parametrize(
    ("pressed", "topics"),
    [
        (("1", "r"), ("military", "economic")),
        (("3", "1", "r"), ("military", "economic", "diplomatic")),
        (("2", "r", "r"), ()),
        (("2", "3", "r"), ("diplomatic",)),
        (("1", "1", "r"), ("economic",)),
    ],
)
def test_numbers_turn_topics_on_and_off_in_the_topic_s_order(
    pressed: tuple[str, ...],
    topics: tuple[str, ...],
    database: Database,
    interview: Callable[..., Interview],
) -> None:
    interview(*pressed).run(questions(database, GAS))
    assert told_by(database)[0].topics == topics


@pytest.mark.parametrize("key", ["n", "u"])
def test_what_is_not_called_relevant_has_no_topics_whatever_was_on(
    key: str, database: Database, interview: Callable[..., Interview]
) -> None:
    interview("1", key).run(questions(database, GAS))
    assert told_by(database)[0].topics == ()


def test_topics_that_one_question_had_on_are_not_on_at_the_next(
    database: Database, interview: Callable[..., Interview]
) -> None:
    interview("1", "3", "r", "r", "r").run(questions(database, GAS, "Rain in Lisbon"))
    assert [label.topics for label in told_by(database)] == [
        ("military", "economic", "diplomatic"),
        (),
    ]


def test_the_copies_of_an_article_in_its_story_get_the_same_label(
    database: Database, interview: Callable[..., Interview]
) -> None:
    text = "Russia and Iran signed the agreement on Monday in Sochi, two ministers said."
    one, copy, other = questions(
        database, (GAS, text), (GAS, f"{text}..."), (GAS, "Nobody knows the price yet.")
    )
    tell_in(database, None, *(q.candidate.article_id for q in (one, copy, other)))
    run = interview("3", "r")
    told = run.run([one])
    first, second = told_by(database)
    assert [first.article_id, second.article_id] == [
        one.candidate.article_id,
        copy.candidate.article_id,
    ]
    assert first.topics == second.topics == ("economic", "diplomatic")
    # It was one answer, and took its time once.
    assert (told.labels, first.seconds, second.seconds) == (1, SECONDS, None)
    assert "relevant, and 1 copy\n" in shown(run)


def test_a_drawn_article_is_answered_by_its_draw(
    database: Database, interview: Callable[..., Interview]
) -> None:
    (plain,) = questions(database, GAS)
    with database.transaction() as connection:
        draw = audit.draw(connection, plain.candidate.article_id, "0.60-0.80", 0.25, NOW)
    run = interview("n")
    run.run([Question(plain.candidate, draw)])
    assert told_by(database)[0].draw == draw.id
    assert "asked because it was drawn at random for the audit" in shown(run)
    with database.reading() as connection:
        assert audit.waiting(connection) == []


@pytest.fixture
def drawn(database: Database) -> Question:
    (plain,) = questions(database, (GAS, "Gazprom said so."))
    with database.transaction() as connection:
        draw = audit.draw(connection, plain.candidate.article_id, "0.60-0.80", 0.25, NOW)
    return Question(plain.candidate, draw)


def test_who_answers_for_the_audit_learns_the_model_s_opinion_only_afterwards(
    drawn: Question, interview: Callable[..., Interview], classifier: Classifier
) -> None:
    run = interview("n")
    pages: list[str] = []

    def key() -> str:
        pages.append(shown(run))
        return run_key()

    run_key, run = run.key, replace(run, key=key)
    run.run([drawn])
    before, after = pages
    assert GAS in before
    for hint in ("model: ", "threshold", "0.60", "0.80", "spoke for it", "nearest", "[x]"):
        assert hint not in before
    (score_of,) = classifier.score([drawn.candidate.item])
    opinion = f"model: relevant, {score_of.probability:.2f} (threshold {classifier.threshold:.2f})"
    assert after.removeprefix(before).split("\n")[:2] == ["  not relevant", f"  {opinion}"]


@pytest.mark.parametrize("key", ["s", "q"])
def test_who_does_not_answer_for_the_audit_is_not_told_what_the_model_thinks(
    key: str, drawn: Question, interview: Callable[..., Interview]
) -> None:
    run = interview(key)
    run.run([drawn])
    assert "model: " not in shown(run)


def test_what_is_relevant_of_no_topic_is_asked_about_once(
    database: Database, drawn: Question, interview: Callable[..., Interview]
) -> None:
    run = interview("r", "1", "r")
    run.run([drawn])
    assert shown(run).count("of which topic? 1-3, or r for none") == 1
    assert [label.topics for label in told_by(database)] == [("military",)]


def test_a_copy_of_what_was_answered_is_not_asked_about_any_more(
    database: Database, interview: Callable[..., Interview]
) -> None:
    text = "Russia and Iran signed the agreement on Monday in Sochi, two ministers said."
    one, other, copy, same = questions(
        database, (GAS, text), SPORT, (GAS, f"{text}..."), (f"{GAS}!", text)
    )
    tell_in(database, None, *(q.candidate.article_id for q in (one, copy, same)))
    run = interview("r", "n")
    run.run([one, other, copy, same])
    assert [f"{n} of 4" in shown(run) for n in (1, 2, 3, 4)] == [True, True, False, False]
    assert len(holding(database)) == 3


def test_a_copy_is_asked_about_again_when_the_answer_is_taken_back(
    database: Database, interview: Callable[..., Interview]
) -> None:
    text = "Russia and Iran signed the agreement on Monday in Sochi, two ministers said."
    one, copy = questions(database, (GAS, text), (GAS, f"{text}..."))
    tell_in(database, None, one.candidate.article_id, copy.candidate.article_id)
    run = interview("r", "z", "s", "u")
    run.run([one, copy])
    assert [label.verdict for label in told_by(database)[4:]] == [Verdict.UNSURE] * 2


def test_what_was_judged_is_what_was_shown_though_a_feed_edits_it_meanwhile(
    database: Database, interview: Callable[..., Interview]
) -> None:
    (asked,) = questions(database, (GAS, "Gazprom said so."))
    with database.transaction() as connection:
        connection.execute(tables.articles.update().values(title=SPORT, content_hash="edited"))
    interview("r").run([asked])
    (label,) = told_by(database)
    assert label.item == Item(GAS, "Gazprom said so.", "en")
    assert label.text_hash == asked.candidate.text_hash


# --- other keys ----------------------------------------------------------------------------


def test_taking_back_returns_to_the_question_and_the_history_keeps_both(
    database: Database, interview: Callable[..., Interview]
) -> None:
    told = interview("r", "z", "n", "u").run(questions(database, GAS, SPORT))
    assert [(label.item.title, label.verdict) for label in told_by(database)] == [
        (GAS, Verdict.RELEVANT),
        (GAS, Verdict.WITHDRAWN),
        (GAS, Verdict.NOT_RELEVANT),
        (SPORT, Verdict.UNSURE),
    ]
    assert holding(database) == {GAS: Verdict.NOT_RELEVANT, SPORT: Verdict.UNSURE}
    assert (told.counts["relevant"], told.counts["not_relevant"], told.labels) == (0, 1, 2)
    assert told.seconds == 2 * SECONDS


def test_the_same_answer_can_be_given_again_after_taking_it_back(
    database: Database, interview: Callable[..., Interview]
) -> None:
    interview("r", "z", "r", "q").run(questions(database, GAS, SPORT))
    assert holding(database) == {GAS: Verdict.RELEVANT}


def test_the_last_answer_can_be_taken_back_too(
    database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview("r", "n", "z", "z", "u", "u")
    told = run.run(questions(database, GAS, SPORT))
    assert holding(database) == {GAS: Verdict.UNSURE, SPORT: Verdict.UNSURE}
    assert (told.counts["unsure"], told.labels, told.seconds) == (2, 2, 2 * SECONDS)
    assert shown(run).count(DONE) == 2


@pytest.mark.parametrize("key", ["q", "r", "\r", " ", "?", "\x03", "\x1b", ""])
def test_any_other_key_ends_after_the_last_answer(
    key: str, database: Database, interview: Callable[..., Interview]
) -> None:
    told = interview("n", key).run(questions(database, GAS))
    assert (told.labels, holding(database)) == (1, {GAS: Verdict.NOT_RELEVANT})


def test_where_nothing_was_answered_there_is_nothing_to_wait_for(
    database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview("s", "s")
    assert run.run(questions(database, GAS, SPORT)) == Told()
    assert DONE not in shown(run)


def test_answers_are_taken_back_one_after_the_other_to_the_first(
    database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview("r", "n", "z", "z", "z", "q")
    told = run.run(questions(database, GAS, SPORT, ARMS))
    assert holding(database) == {}
    assert (told.labels, told.seconds) == (0, 0)
    assert shown(run).count("taken back") == 2
    assert "nothing to take back" in shown(run)


def test_taking_back_is_for_the_copies_too(
    database: Database, interview: Callable[..., Interview]
) -> None:
    text = "Russia and Iran signed the agreement on Monday in Sochi, two ministers said."
    one, copy, next_one = questions(database, (GAS, text), (GAS, f"{text}..."), SPORT)
    tell_in(database, None, one.candidate.article_id, copy.candidate.article_id)
    interview("r", "z", "q").run([one, next_one])
    assert len(told_by(database)) == 4
    assert holding(database) == {}


def test_a_skipped_question_is_not_answered_and_waits_for_another_day(
    database: Database, interview: Callable[..., Interview]
) -> None:
    asked = questions(database, GAS, SPORT)
    run = interview("s", "n")
    told = run.run(asked)
    assert shown(run).count("skipped") == 1
    assert holding(database) == {SPORT: Verdict.NOT_RELEVANT}
    assert told.labels == 1
    assert list(candidates(database)) == [asked[0].candidate.article_id]


def test_taking_back_after_a_skip_returns_to_the_last_answer(
    database: Database, interview: Callable[..., Interview]
) -> None:
    interview("r", "s", "z", "n", "s", "u").run(questions(database, GAS, SPORT, ARMS))
    assert holding(database) == {GAS: Verdict.NOT_RELEVANT, ARMS: Verdict.UNSURE}


@pytest.mark.parametrize("key", ["q", "Q", "\x1b", "\x03", "\x04"])
def test_stopping_keeps_what_was_said(
    key: str, database: Database, interview: Callable[..., Interview]
) -> None:
    told = interview("r", "1", key).run(questions(database, GAS, SPORT))
    assert holding(database) == {GAS: Verdict.RELEVANT}
    assert (told.labels, told.seconds) == (1, SECONDS)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, EOFError])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_signal_to_stop_keeps_what_was_said(
    stop: type[BaseException],
    after: int,
    database: Database,
    interview: Callable[..., Interview],
) -> None:
    pressed = iter("rn"[:after])

    def key() -> str:
        given = next(pressed, None)
        if given is None:
            raise stop
        return given

    told = interview(key=key).run(questions(database, GAS, SPORT))
    assert (told.labels, len(holding(database))) == (after, after)


def test_a_signal_between_two_keys_keeps_what_was_said(
    database: Database, interview: Callable[..., Interview]
) -> None:
    moments = iter([0.0, SECONDS])

    def stopwatch() -> float:
        # The terminal sends the signal while the second question is got ready.
        moment = next(moments, None)
        if moment is None:
            raise KeyboardInterrupt
        return moment

    told = interview("r", stopwatch=stopwatch).run(questions(database, GAS, SPORT))
    assert holding(database) == {GAS: Verdict.RELEVANT}
    assert (told.labels, told.seconds) == (1, SECONDS)


@pytest.mark.parametrize("key", ["x", "0", "4", "9", " ", "\r", "\x1b[A", "к", "я", "rn", "²"])
def test_an_unknown_key_is_told_in_one_line_with_those_there_are(
    key: str, database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview(key, "q", console=Console(file=StringIO(), width=40, _environ={}))
    run.run(questions(database, GAS))
    assert shown(run).splitlines()[-1] == f"  {UNKNOWN}"
    assert shown(run).count(HELP) == 1
    assert told_by(database) == []


def test_a_question_mark_explains_the_keys_again(
    database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview("?", "q")
    run.run(questions(database, GAS))
    assert shown(run).count(HELP) == 2
    assert UNKNOWN not in shown(run)


@given(
    st.lists(st.sampled_from([*"rnuzs123?", "\x1b[A", "\t", "ш"]), max_size=12).map(
        lambda pressed: [*pressed, "q"]
    )
)
@hypothesis(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_pressed_what_holds_is_what_is_counted(
    database: Database, interview: Callable[..., Interview], pressed: list[str]
) -> None:
    reader = f"reader {next(NUMBERS)}"
    titles = (GAS, SPORT, ARMS)
    asked = [one_question(title, article=id_) for title, id_ in stored(database, titles).items()]
    # Once all is answered nobody waits for a key: the keys left over are not an error.
    told = interview(*pressed, reader=reader).run(asked)
    with database.reading() as connection:
        given = [label.verdict for label in labels.current(connection) if label.reader == reader]
    assert told.labels == len(given)
    assert all(
        told.counts[verdict] == given.count(verdict)
        for verdict in Verdict
        if verdict in told.counts
    )
    assert told.seconds == SECONDS * len(given)


def test_no_questions_are_no_answers(interview: Callable[..., Interview]) -> None:
    assert interview().run([]) == Told()


# --- what it looks like --------------------------------------------------------------------


def one_question(
    title: str, summary: str = "", outlet: str = "Outlet", article: int = 1
) -> Question:
    """Ask without looking at what is stored: enough for a question that is only looked at."""
    item = Item(title, summary, "en")
    return Question(Candidate(ArticleId(article), item, None, outlet, 0.5, NOW, "hash"))


def page(interview: Callable[..., Interview], *asked: Question, width: int = 100) -> str:
    run = interview("q", console=Console(file=StringIO(), width=width, _environ={}))
    run.run(asked)
    return shown(run)


def test_a_question_shows_the_text_the_model_s_opinion_and_why_it_is_asked(
    interview: Callable[..., Interview], classifier: Classifier
) -> None:
    asked = one_question(GAS, "Gazprom will deliver.")
    (score_of,) = classifier.score([asked.candidate.item])
    text = page(interview, asked, one_question(SPORT))
    assert "1 of 2" in text
    for words in (
        GAS,
        "Gazprom will deliver.",
        "Outlet, en, 17 Mar 2026",
        f"model: relevant, {score_of.probability:.2f} (threshold {classifier.threshold:.2f})",
        "asked because its answer teaches most",
        "nearest written item, relevant: Gazprom and Iran agree on gas - The price",
        "  [ ] 1 military  [x] 2 economic  [ ] 3 diplomatic\n",
        "  r relevant  n not relevant  u unsure  1-3 topics  s skip  z take back  q stop\n",
    ):
        assert words in text
    assert SPORT not in text


def test_the_nearest_item_is_told_with_its_kind_where_it_is_not_relevant(
    interview: Callable[..., Interview],
) -> None:
    text = page(interview, one_question("Chess: Russia and Iran in the final"))
    assert "nearest written item, not relevant (both-sport-culture): Russia and Iran meet" in text


@pytest.mark.parametrize(
    ("long", "spaced"),
    [("Gazprom and Iran agree " * 20, True), ("俄罗斯与伊朗就天然气达成协议" * 20, False)],
)
def test_a_long_nearest_item_is_cut_between_words_if_there_are_any(
    long: str, spaced: bool, interview: Callable[..., Interview], shipped_settings: Settings
) -> None:
    finder = mention_finder(shipped_settings.topic)
    near = Neighbours(finder, encoder(), [(Item("Russia, Iran", long), True, "positive")])
    console = Console(file=StringIO(), width=400, _environ={})
    run = interview("q", console=console, neighbours=near)
    run.run([one_question(GAS)])
    (line,) = [line for line in shown(run).splitlines() if "nearest written item" in line]
    told = line.partition("relevant: ")[2].removesuffix("│").strip()
    assert 100 < len(told) <= 121
    assert told.endswith("…")
    left_out = f"Russia, Iran - {long}".removeprefix(told[:-1])
    assert left_out.startswith(" ") is spaced


def test_what_the_gate_stopped_is_shown_without_words_and_nearest_items(
    interview: Callable[..., Interview],
) -> None:
    text = page(interview, one_question("Rain in Lisbon"))
    assert "Rain in Lisbon" in text
    assert "model: not relevant, 0.00" in text
    assert "nearest written item" not in text
    assert "spoke for it" not in text


def test_the_names_of_both_sides_are_underlined_where_they_stand(
    interview: Callable[..., Interview],
) -> None:
    console = Console(
        file=StringIO(), width=100, force_terminal=True, color_system="standard", _environ={}
    )
    run = interview("q", console=console)
    run.run([one_question(GAS, "In 德黑兰 Gazprom signed.")])
    assert re.findall(r"\x1b\[(?:1;)?4m(.*?)\x1b", shown(run)) == [
        "Moscow",
        "Tehran",
        "德黑兰",
        "Gazprom",
    ]


@pytest.mark.parametrize(
    "title",
    [
        "[red]Moscow[/red] and Tehran",
        "Moscow [/] and [/nothing] Tehran",
        "[link=https://a.example]Moscow[/link] and Tehran :smile:",
        "Moscow \\[bold] and Tehran",
        "[bold] Moscow and Tehran",
        "[x] Moscow and [ ] Tehran",
    ],
)
def test_what_looks_like_markup_is_shown_as_it_is(
    title: str, interview: Callable[..., Interview]
) -> None:
    text = page(interview, one_question(title, summary=f"{title}.", outlet="[b]Outlet[/b]"))
    assert text.count(title) == 2
    assert "[b]Outlet[/b], en" in text


@pytest.mark.parametrize(
    "title",
    [
        "مسکو و تهران قرارداد گاز امضا کردند",
        "רוסיה ואיראן חתמו על הסכם",
        "莫斯科和德黑兰签署天然气协议，外交部证实了这一消息",
        "रूस और ईरान ने समझौता किया",
        "Moscow \u202eand\u202c Tehran \u200bsign",
        "👨‍👩‍👧 Moscow and Tehran 🇷🇺🇮🇷",
    ],
)
def test_every_script_fits_into_the_frame(title: str, interview: Callable[..., Interview]) -> None:
    for width in (40, 100):
        text = page(interview, one_question(title, f"{title} " * 5), width=width)
        assert widest(text.splitlines()) <= width
        rows = [line for line in text.split("\n") if line.startswith("│")]
        assert {cell_len(row) for row in rows} == {width}
    assert title in text


def test_a_small_terminal_gets_all_of_it_on_more_lines(
    interview: Callable[..., Interview],
) -> None:
    text = page(interview, one_question(f"{GAS} {'and more ' * 20}", "x" * 300), width=40)
    assert widest(text.splitlines()) <= 40
    assert text.count("x") >= 300
    foot = text.partition("╯\n")[2].replace("[x]", "[ ]")
    # No key is on another line than what it does.
    assert foot.splitlines() == [
        "  [ ] 1 military  [ ] 2 economic",
        "  [ ] 3 diplomatic",
        "  r relevant  n not relevant  u unsure",
        "  1-3 topics  s skip  z take back",
        "  q stop",
    ]


def test_what_is_said_between_questions_fits_into_a_small_terminal(
    database: Database, interview: Callable[..., Interview]
) -> None:
    run = interview(*"x1232rrsnz", "q", console=Console(file=StringIO(), width=40, _environ={}))
    run.run(questions(database, GAS, SPORT, ARMS))
    said = [line for line in shown(run).splitlines() if line[:1] not in "╭│╰"]
    assert widest(said) <= 40
    # A line that was broken would go on without the margin.
    assert all(line.startswith("  ") for line in said if line)


@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80),
    summary=st.text(
        st.sampled_from("aб漢ا\u0301\u200d\u202e\x00\x07\x1b\n\r\t[]\\/ 👍"), max_size=80
    ),
    width=st.integers(20, 120),
)
@hypothesis(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_breaks_the_page(
    interview: Callable[..., Interview], title: str, summary: str, width: int
) -> None:
    text = page(interview, one_question(title, summary), width=width)
    assert widest(text.split("\n")) <= width
    assert "take" in text


def widest(lines: Iterable[str]) -> int:
    return max(map(cell_len, lines))
