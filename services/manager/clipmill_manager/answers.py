"""What the manager answers over HTTP: JSON in camelCase, errors too."""

from __future__ import annotations

from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clipmill import identifiers, messages
from clipmill_manager import query
from clipmill_manager.alerts.book import Silence
from clipmill_manager.alerts.view import AlertsView, read_silence
from clipmill_manager.audit_trail import Deed
from clipmill_manager.bookkeeper import HistoryUnreadable
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.entities import FleetHealth, WorkerPool, WorkerThread
from clipmill_manager.figures import CONTENT_TYPE
from clipmill_manager.job_search import Page, Search
from clipmill_manager.job_view import JobView
from clipmill_manager.queues import QueueLine
from clipmill_manager.step_end import StepEnd

MOST_JOBS = 500
_USUAL_JOBS = 50
_LONGEST_BODY = 10_000


class Fleet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fleet at a glance."""

    time: int
    """Milliseconds since the epoch, as every time here."""
    host: str
    systemd: bool
    """Whether units are watched; without, crashes and memory are not known."""
    health: FleetHealth
    pools: list[WorkerPool]
    workers: list[WorkerThread]
    jobs: dict[str, int]
    """Jobs in the history, by state."""
    broker: BrokerView


class Knowledge(Protocol):
    """Who knows the answers."""

    def fleet(self) -> Fleet:
        """The fleet at a glance."""

    def workers(self) -> list[WorkerThread]:
        """Every worker."""

    async def search(self, wanted: Search, limit: int) -> Page:
        """The newest jobs that match. Raises HistoryUnreadable."""

    async def job(self, job_id: str) -> JobView | None:
        """One job with its tree. Raises HistoryUnreadable."""

    def queue_lines(self) -> list[QueueLine]:
        """What waits where."""

    def recent_ends(self) -> list[StepEnd]:
        """The steps that ended in the last hour."""

    def alerts(self) -> AlertsView:
        """What is wrong."""

    async def silence(self, silence: Silence) -> None:
        """Tell nothing of a rule until then."""

    async def audit(self, limit: int) -> list[Deed]:
        """What was done to the fleet last. Raises HistoryUnreadable."""

    def figures(self) -> bytes:
        """The fleet's figures for Prometheus."""


def application(knowledge: Knowledge) -> Starlette:
    """The HTTP interface."""
    answers = _Answers(knowledge)
    routes = [
        Route("/api/fleet", answers.fleet),
        Route("/api/workers", answers.workers),
        Route("/api/jobs", answers.jobs),
        Route("/api/jobs/{job_id}", answers.job),
        Route("/api/queues", answers.queues),
        Route("/api/alerts", answers.alerts),
        Route("/api/alerts/silence", answers.silence, methods=["POST"]),
        Route("/api/audit", answers.audit),
        Route("/metrics", answers.metrics),
    ]
    handlers = {HTTPException: _refuse, query.BadQuery: _point_out, HistoryUnreadable: _apologise}
    return Starlette(routes=routes, exception_handlers=handlers)


class _Answers:
    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    async def fleet(self, _request: Request) -> Response:
        return _json(self._knowledge.fleet())

    async def workers(self, _request: Request) -> Response:
        return _json({"workers": self._knowledge.workers()})

    async def jobs(self, request: Request) -> Response:
        limit = query.limit(request.query_params, most=MOST_JOBS, usual=_USUAL_JOBS)
        return _json(await self._knowledge.search(query.search(request.query_params), limit))

    async def job(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        if not identifiers.is_job_id(job_id):
            raise HTTPException(400, "that is no jobId: 1 to 64 letters, digits, _ or -")
        job = await self._knowledge.job(job_id)
        if job is None:
            raise HTTPException(404, f"no job {job_id} is known; one that waits for its first worker is not known yet")
        return _json(job)

    async def queues(self, _request: Request) -> Response:
        return _json({"queues": self._knowledge.queue_lines()})

    async def alerts(self, _request: Request) -> Response:
        return _json(self._knowledge.alerts())

    async def silence(self, request: Request) -> Response:
        await self._knowledge.silence(read_silence(await _body(request), self._knowledge.alerts(), messages.now()))
        return _json(self._knowledge.alerts())

    async def audit(self, request: Request) -> Response:
        limit = query.limit(request.query_params, most=MOST_JOBS, usual=_USUAL_JOBS)
        return _json({"audit": await self._knowledge.audit(limit)})

    async def metrics(self, _request: Request) -> Response:
        return Response(self._knowledge.figures(), media_type=CONTENT_TYPE)


async def _body(request: Request) -> bytes:
    """The body, if it is short."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise HTTPException(413, f"more than {_LONGEST_BODY} bytes")
    return body


def _json(answer: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)


async def _point_out(_request: Request, error: Exception) -> Response:
    return _json({"error": str(error)}, 400)


async def _apologise(_request: Request, error: Exception) -> Response:
    return _json({"error": f"the history cannot be read: {error}"}, 503)
