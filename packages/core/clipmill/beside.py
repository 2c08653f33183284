"""Several things at once: beside a block, unless an event comes, until the first is done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@contextlib.asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Future[None]]:
    """`work` goes on during the block and ends with it; the block may await it."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        await _end(task)


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Until the first of these is done; the others are cancelled. Raises what that one raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
    finally:
        for task in tasks:
            await _end(task)


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives, or None when `event` is set before it is done; it is cancelled then."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        await _end(stop)
        await _end(task)


async def _end(task: asyncio.Future[Any]) -> None:
    """Cancel, and wait until that is done; what the task raised is told by whoever awaited its result."""
    task.cancel()
    await asyncio.wait({task})
