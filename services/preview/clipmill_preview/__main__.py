"""The preview worker: `python3 -m clipmill_preview INSTANCE`."""

from clipmill.worker import main

main("preview", handler="clipmill_preview.handler:handle")
