"""The moments at which an idle process wakes up: the same for all that it does at intervals, so that it wakes once."""

from __future__ import annotations

import asyncio


async def pulse(seconds: float) -> None:
    """Until the loop's clock shows the next multiple of `seconds`: no later than a sleep of that length would end."""
    await asyncio.sleep(seconds - asyncio.get_running_loop().time() % seconds)
