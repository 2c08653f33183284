"""What comes alone is done at once; of what comes in quick succession, the last."""

import asyncio
from functools import partial

import pytest

from clipmill.pulse import pulse
from clipmill.throttle import Throttle

pytestmark = pytest.mark.anyio


async def test_of_a_burst_the_first_and_the_last_are_done() -> None:
    """The first at once, the last a moment later, and what came between never."""
    done, last = list[int](), asyncio.Event()
    throttle = Throttle()
    for number in range(5):
        throttle.do(partial(done.append, number))
    assert done == [0]
    throttle.do(last.set)
    async with asyncio.timeout(5):
        await last.wait()
    assert done == [0]


async def test_what_is_forgotten_is_not_done() -> None:
    """And what comes after it is."""
    done, after = list[str](), asyncio.Event()
    throttle = Throttle()
    throttle.do(partial(done.append, "first"))
    throttle.do(partial(done.append, "forgotten"))
    throttle.forget()
    throttle.do(after.set)
    async with asyncio.timeout(5):
        await after.wait()
    assert done == ["first"]


async def test_whoever_waits_for_a_pulse_wakes_up_with_the_others() -> None:
    """However far apart they began to wait."""
    loop = asyncio.get_running_loop()
    woken = []

    async def sleeper(late: float) -> None:
        await asyncio.sleep(late)
        await pulse(0.2)
        woken.append(loop.time())

    await asyncio.sleep(0.2 - loop.time() % 0.2)
    await asyncio.gather(*map(sleeper, (0, 0.05, 0.1)))
    assert max(woken) - min(woken) < 0.05
