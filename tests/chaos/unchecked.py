"""A planted bug: whoever imports this looks at no manifest any more, and works again what is done."""

from clipmill.messages import Step
from clipmill.outcome import Done
from clipmill.store import Store
from tests.chaos.handler import handle

__all__ = ["handle"]


def _never_done(self: Store, step: Step) -> Done | None:
    return None


Store.done = _never_done  # type: ignore[method-assign]
