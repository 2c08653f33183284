"""`python3 -m clipmill_notifier`: the notifier."""

from clipmill.event_worker import main
from clipmill_notifier.consumer import Notifier

main("notifier", Notifier)
