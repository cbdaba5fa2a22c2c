"""The daemon: runs each spine on its own schedule until told to stop.

APScheduler ticks; what is due is decided by the database, so that nothing is forgotten over a
restart: a digest that fell due while the daemon was down goes out when it is up again.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from threading import Event

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from service.pipeline import Service, deliver, digest, poll, read_articles

log = structlog.get_logger(__name__)

# Container engines wait ten seconds between SIGTERM and SIGKILL.
GRACE_SECONDS = 8.0

Job = Callable[[], Awaitable[object]]


class Daemon:
    """Runs the jobs of one process. ``stop`` may be set from a signal handler or a thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
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
        scheduler = self._scheduler()
        scheduler.start()
        log.info("started", feeds=len(self._service.settings.feeds))
        await self._stopped.wait()
        log.info("stopping", running=[task.get_name() for task in self._running])
        scheduler.remove_all_jobs()
        _, late = (
            await asyncio.wait(self._running, timeout=GRACE_SECONDS)
            if self._running
            else (
                (),
                (),
            )
        )
        scheduler.shutdown(wait=False)
        log.info("stopped", unfinished=[task.get_name() for task in late])
        return not late

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
