"""The cutter worker: `python3 -m clipmill_cutter INSTANCE`."""

from clipmill.worker import main

main("cutter", handler="clipmill_cutter.handler:handle")
