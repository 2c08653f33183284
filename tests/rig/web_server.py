"""Serves the files of a directory by HTTP; below /slow/ at 1 MB/s, so that there is time to look at a download.

Runs inside a machine, on Python alone: web_server.py DIRECTORY PORT [CERTIFICATE-AND-KEY]
"""

import http.server
import ssl
import sys
import time
from functools import partial
from typing import Any

BYTES_A_SECOND = 1_000_000
STEPS_A_SECOND = 10


class Handler(http.server.SimpleHTTPRequestHandler):
    """The standard one, which may take its time."""

    slow = False

    def translate_path(self, path: str) -> str:
        self.slow = path.startswith("/slow/")
        return super().translate_path(path.removeprefix("/slow"))

    def copyfile(self, source: Any, outputfile: Any) -> None:
        if not self.slow:
            super().copyfile(source, outputfile)
            return
        while block := source.read(BYTES_A_SECOND // STEPS_A_SECOND):
            outputfile.write(block)
            time.sleep(1 / STEPS_A_SECOND)  # the pace itself, not a wait for something


if __name__ == "__main__":
    directory, port, *certificate = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), partial(Handler, directory=directory))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
