"""Reads documents in processes of their own, which one document may break without harm to others.

A parser written in C can crash or eat all memory over a hostile document, and a hang in it cannot
be stopped from within the process. So documents are read by workers (pebble) with a time limit
and a memory limit; what a document does to its worker becomes its own failure.
"""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from threading import Lock
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from service.polling.reading.parse import parse
from service.records import Failed, Fetched, ParsedFeed

Answer = ParsedFeed | Failed
Read = Callable[[Fetched], Answer]

# Sent to a worker at once. A chunk that fails is read again one by one, to find the culprit.
CHUNK = 8
# A worker is replaced after so many chunks, so that no leak lasts.
CHUNKS_OF_A_WORKER = 250
# Chunks first, then one by one; then again, for what a broken pool took down with it.
ROUNDS = (CHUNK, 1, 1, 1)
# To start workers, and to notice what they do.
GRACE_SECONDS = 30.0

_MEGABYTE = 1024 * 1024


class ContainedParser:
    """Reads documents in worker processes, which start at first use; 0 for none, uncontained.

    ``seconds`` is how long one document may take, ``memory_mb`` how much memory a worker may.
    """

    def __init__(self, processes: int, seconds: float, memory_mb: int, read: Read = parse) -> None:
        self._processes = processes
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._read = read
        self._pool: ProcessPool | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers. They are started again if there is more to read."""
        with self._lock:
            self._discard(self._pool)

    def parse_all(self, documents: Sequence[Fetched]) -> list[Answer]:
        """Return an answer for each document (codes ``parser-hang`` and ``parser-crash`` too)."""
        if not self._processes:
            return [self._read(document) for document in documents]
        answers: dict[int, Answer] = {}
        for size in ROUNDS:
            waiting = [index for index in range(len(documents)) if index not in answers]
            if waiting:
                answers |= self._round(documents, list(_chunks(waiting, size)))
        lost = Failed("parser-crash", "no process stayed alive to read the document")
        return [answers.get(index, lost) for index in range(len(documents))]

    def _round(self, documents: Sequence[Fetched], chunks: list[list[int]]) -> dict[int, Answer]:
        """Read all chunks; return what is certain, by the documents' numbers."""
        try:
            with self._lock:
                pool = self._ready()
                futures = [self._schedule(pool, [documents[i] for i in chunk]) for chunk in chunks]
        except RuntimeError:
            # The pool broke since it was last looked at; the next round makes another.
            return {}
        longest = self._seconds * sum(map(len, chunks)) + GRACE_SECONDS
        stuck = wait(futures, longest).not_done
        answers: dict[int, Answer] = {}
        for chunk, future in zip(chunks, futures, strict=True):
            if future not in stuck:
                answers.update(zip(chunk, _answers(future, len(chunk)), strict=False))
        if stuck or not pool.active:
            with self._lock:
                self._discard(pool)
        return answers

    def _schedule(self, pool: ProcessPool, documents: list[Fetched]) -> ProcessFuture[list[Answer]]:
        # Not every mapping can be sent to another process.
        plain = [replace(document, headers=dict(document.headers)) for document in documents]
        # The worker's own alarm comes first; this is for one that ended without a word.
        longest = self._seconds * (len(documents) + 1) + 1
        return pool.schedule(_read_all, (self._read, plain, self._seconds), timeout=longest)

    def _ready(self) -> ProcessPool:
        if self._pool is None or not self._pool.active:
            self._discard(self._pool)
            self._pool = ProcessPool(
                self._processes,
                CHUNKS_OF_A_WORKER,
                initializer=_begin,
                initargs=(self._memory_mb,),
                # No fork: this process has threads, whose locks a copy would hold for ever.
                context=get_context("spawn"),
            )
        return self._pool

    def _discard(self, pool: ProcessPool | None) -> None:
        if pool is not None and pool is self._pool:
            self._pool = None
            stop: Callable[[], None] = pool.stop
            stop()
            pool.join()


def _chunks(numbers: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _answers(future: ProcessFuture[list[Answer]], count: int) -> list[Answer]:
    """Return a chunk's answers; none, if it is not certain whose fault it was that it failed."""
    error = future.exception()
    if error is None:
        return future.result()
    if count > 1 or isinstance(error, BrokenProcessPool):
        return []
    return [_failure(error)]


def _failure(error: BaseException) -> Failed:
    if isinstance(error, TimeoutError):
        return Failed("parser-hang", "the parser gave no answer")
    if not isinstance(error, ProcessExpired):
        return Failed("parser-crash", f"the parser broke: {type(error).__name__}: {error}")
    code = error.exitcode
    if code == -signal.SIGALRM:
        return Failed("parser-hang", "the parser took too long")
    reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Failed("parser-crash", f"the parser's process ended: {reason}")


# --- in the worker -------------------------------------------------------------------------


def _begin(memory_mb: int) -> None:
    limit = memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C is for the parent, which then closes this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By default an alarm ends a process, whatever it is busy with, even if nobody watches it.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _read_all(read: Read, documents: Sequence[Fetched], seconds: float) -> list[Answer]:
    answers = []
    try:
        for document in documents:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            answers.append(read(document))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return answers
