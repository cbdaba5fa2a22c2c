"""The daemon: runs each spine on its own schedule until told to stop.

APScheduler ticks; what is due is decided by the database, so that nothing is forgotten over a
restart: a digest that fell due while the daemon was down goes out when it is up again.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from service.pipeline import Service, deliver, digest, poll, read_articles
from service.subscribing import Subscriber, subscribe

log = structlog.get_logger(__name__)

# Container engines wait ten seconds between SIGTERM and SIGKILL.
GRACE_SECONDS = 8.0

Job = Callable[[], Awaitable[object]]


class Server(Protocol):
    """Answers requests from outside while the daemon runs."""

    async def start(self) -> object:
        """Begin to answer; raise where that cannot be."""
        ...

    async def stop(self) -> None:
        """Finish what is being answered, within a few seconds."""
        ...


class Daemon:
    """Runs the jobs of one process. ``stop`` may be set from a signal handler or a thread.

    ``server`` runs beside them, if there is one; ``subscriber`` subscribes at hubs.
    """

    def __init__(
        self,
        service: Service,
        *,
        server: Server | None = None,
        subscriber: Subscriber | None = None,
    ) -> None:
        self._service = service
        self._server = server
        self._subscriber = subscriber
        self._stop = Event()
        self._stopped = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> bool:
        """Work until SIGTERM or SIGINT. Return False if work had to be left unfinished.

        Unfinished work is safe: feeds come due again, deliveries are taken up again.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if self._server is not None:
            # Before any job: a hub may call back while it is still being asked.
            await self._server.start()
        scheduler = self._scheduler()
        scheduler.start()
        log.info("started", feeds=len(self._service.settings.feeds))
        await self._stopped.wait()
        log.info("stopping", running=[task.get_name() for task in self._running])
        scheduler.remove_all_jobs()
        late = await self._finish()
        scheduler.shutdown(wait=False)
        log.info("stopped", unfinished=[task.get_name() for task in late])
        return not late

    async def _finish(self) -> set[asyncio.Task[None]]:
        """Wait for the work in hand and the server; return what is not done in time."""
        tasks = set(self._running)
        if self._server is not None:
            tasks.add(asyncio.create_task(self._server.stop(), name="web"))
        if not tasks:
            return set()
        _, late = await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        return late

    def stop(self) -> None:
        """Let the work in hand be finished, and no other begun."""
        self._stop.set()
        self._stopped.set()

    def _scheduler(self) -> AsyncIOScheduler:
        settings = self._service.settings
        scheduler = AsyncIOScheduler(timezone="UTC")
        jobs: dict[str, tuple[Job, float]] = {
            "poll": (lambda: poll(self._service, self._stop), settings.polling.tick_seconds),
            "digest": (
                lambda: asyncio.to_thread(digest, self._service),
                settings.digest.tick_seconds,
            ),
            "deliver": (
                lambda: asyncio.to_thread(deliver, self._service, self._stop),
                settings.delivery.tick_seconds,
            ),
            "pages": (
                lambda: read_articles(self._service),
                settings.polling.pages_tick_seconds,
            ),
            "learn": (
                lambda: asyncio.to_thread(self._service.learn),
                settings.learning.check_minutes * 60,
            ),
        }
        subscriber = self._subscriber
        if subscriber is not None:
            jobs["hubs"] = (lambda: subscribe(subscriber), settings.web.hubs_tick_seconds)
        for name, (job, seconds) in jobs.items():
            scheduler.add_job(
                self._watched,
                "interval",
                args=(name, job),
                id=name,
                seconds=seconds,
                next_run_time=self._service.clock(),
                # Late is better than never; many late runs are one; never two at a time.
                misfire_grace_time=None,
                coalesce=True,
                max_instances=1,
            )
        return scheduler

    async def _watched(self, name: str, job: Job) -> None:
        """Run a job so that ``run`` can wait for it, and so that its error ends only itself."""
        task = asyncio.current_task()
        if task is None or self._stop.is_set():
            return
        task.set_name(name)
        self._running.add(task)
        try:
            result = await job()
        except Exception:
            log.exception("job failed", job=name)
        else:
            log.debug("job done", job=name, result=str(result))
        finally:
            self._running.discard(task)
