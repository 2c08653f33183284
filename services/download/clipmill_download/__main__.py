"""A download worker: `python3 -m clipmill_download INSTANCE`."""

from clipmill.worker import main

main("download", handler="clipmill_download.handler:handle")
