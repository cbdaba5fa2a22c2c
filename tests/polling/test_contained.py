"""Documents are read in processes of their own; what breaks one process costs one document."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

import pytest

from service.polling.reading.contained import ContainedParser
from service.polling.reading.parse import parse
from service.records import Failed, Fetched, ParsedFeed
from tests.make import fetched, rss, rss_item
from tests.polling.documents import titles

ROOT = Path(__file__).parents[2]
SECONDS = 0.5
MEMORY_MB = 512


def misread(document: Fetched) -> ParsedFeed | Failed:
    """Do as the document says; read it as a feed if it says nothing."""
    word = document.body.decode("utf-8", "replace")
    if word == "hang":
        while True:
            pass
    if word == "sleep":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        time.sleep(600)
    if word == "segfault":
        ctypes.string_at(0)
    if word == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "raise":
        raise LookupError("a fault of the parser")
    if word == "eat":
        return Failed("eaten", str(len(bytearray(4 * MEMORY_MB * 1024 * 1024))))
    if word.startswith("exit"):
        os._exit(int(word[4:]))
    if word == "pid":
        return Failed("pid", str(os.getpid()))
    return parse(document)


def numbered(number: int) -> Fetched:
    return fetched(rss(rss_item(f"Title {number}")))


@pytest.fixture(scope="module")
def contained() -> Iterator[ContainedParser]:
    # One for all: a process takes half a second to start.
    with ContainedParser(1, SECONDS, MEMORY_MB, misread) as parser:
        yield parser


def pid_of(parser: ContainedParser) -> int:
    (answer,) = parser.parse_all([fetched("pid")])
    assert isinstance(answer, Failed)
    return int(answer.message)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_documents_are_read_in_their_order_as_without_containment(
    contained: ContainedParser,
) -> None:
    documents = [numbered(number) for number in range(30)]
    assert contained.parse_all(documents) == [parse(document) for document in documents]


def test_nothing_to_read_is_no_work(contained: ContainedParser) -> None:
    assert contained.parse_all([]) == []


def test_a_worker_is_kept_for_the_next_documents(contained: ContainedParser) -> None:
    assert pid_of(contained) == pid_of(contained) != os.getpid()


def test_headers_of_any_mapping_reach_the_reader(contained: ContainedParser) -> None:
    body = rss(rss_item("Иран")).partition("?>")[2].encode("windows-1251")
    headers = MappingProxyType({"content-type": "text/xml; charset=windows-1251"})
    (answer,) = contained.parse_all([Fetched("https://feed.example/", body, "hash", headers)])
    assert isinstance(answer, ParsedFeed)
    assert answer.articles[0].title == "Иран"


@pytest.mark.parametrize(
    ("word", "code", "reason"),
    [
        ("hang", "parser-hang", "too long"),
        ("sleep", "parser-hang", "too long"),
        ("segfault", "parser-crash", "SIGSEGV"),
        ("kill", "parser-crash", "SIGKILL"),
        ("exit3", "parser-crash", "exit code 3"),
        ("raise", "parser-crash", "LookupError: a fault of the parser"),
        ("eat", "parser-crash", "MemoryError"),
    ],
)
def test_a_document_that_breaks_its_reader_costs_no_other(
    contained: ContainedParser, word: str, code: str, reason: str
) -> None:
    good = [numbered(number) for number in range(3)]
    first, bad, *others = contained.parse_all([good[0], fetched(word), *good[1:]])
    assert isinstance(bad, Failed)
    assert (bad.code, bad.permanent) == (code, False)
    assert reason in bad.message
    assert [first, *others] == [parse(document) for document in good]


def test_a_reader_that_ends_without_a_word_is_not_waited_for(contained: ContainedParser) -> None:
    (answer,) = contained.parse_all([fetched("exit0")])
    assert isinstance(answer, Failed)
    assert (answer.code, answer.message) == ("parser-hang", "the parser gave no answer")


def test_many_documents_that_break_readers_cost_themselves_alone() -> None:
    documents = [fetched("kill") if n % 4 == 1 else numbered(n) for n in range(12)]
    with ContainedParser(2, SECONDS, MEMORY_MB, misread) as parser:
        answers = parser.parse_all(documents)
    crashed = [n for n, answer in enumerate(answers) if isinstance(answer, Failed)]
    assert crashed == [1, 5, 9]


def test_a_worker_killed_between_documents_is_replaced(contained: ContainedParser) -> None:
    pid = pid_of(contained)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid))
    (answer,) = contained.parse_all([numbered(1)])
    assert isinstance(answer, ParsedFeed)


def test_a_worker_that_cannot_start_is_a_failure_and_no_endless_wait() -> None:
    with ContainedParser(1, SECONDS, 1, misread) as parser:
        (answer,) = parser.parse_all([numbered(1)])
    assert isinstance(answer, Failed)
    assert answer.code == "parser-crash"


def test_several_threads_may_read_at_once(contained: ContainedParser) -> None:
    batches = [[numbered(10 * n + m) for m in range(10)] for n in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(contained.parse_all, batches))
    assert answers == [[parse(document) for document in batch] for batch in batches]


def test_no_processes_means_this_one() -> None:
    with ContainedParser(0, SECONDS, MEMORY_MB, misread) as parser:
        assert pid_of(parser) == os.getpid()
        (answer,) = parser.parse_all([numbered(1)])
    assert answer == parse(numbered(1))
    assert titles(numbered(1).body) == ["Title 1"]


def test_a_closed_parser_leaves_no_process_and_may_be_used_again() -> None:
    parser = ContainedParser(1, SECONDS, MEMORY_MB, misread)
    pid = pid_of(parser)
    parser.close()
    assert not is_alive(pid)
    assert pid_of(parser) != pid
    parser.close()
    parser.close()


PROGRAM = """
from threading import Thread
from service.polling.reading.contained import ContainedParser
from tests.make import fetched
from tests.polling.test_contained import misread, pid_of

if __name__ == "__main__":
    parser = ContainedParser(1, 1.0, 512, misread)
    print(pid_of(parser), flush=True)
    parser.parse_all([fetched("hang"), fetched("hang")])
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent_even_while_they_hang(
    tmp_path: Path, way: signal.Signals
) -> None:
    script = tmp_path / "reads.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert is_alive(worker)
        parent.send_signal(way)
    wait_for(lambda: not is_alive(worker))


def test_an_interrupt_from_the_keyboard_is_left_to_the_parent(contained: ContainedParser) -> None:
    pid = pid_of(contained)
    os.kill(pid, signal.SIGINT)
    assert pid_of(contained) == pid
