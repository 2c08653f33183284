"""`python3 -m clipmill_manager`: the worker manager, as manager.service starts it."""

from clipmill.event_worker import main
from clipmill_manager.consumer import Manager

main("manager", Manager)
