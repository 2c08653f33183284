"""`python -m tests.integration.faults.worker SERVICE N`: clipmill's own worker with the handler of these proofs."""

import sys

from clipmill.worker import main

if __name__ == "__main__":
    service = sys.argv.pop(1)
    main(service, handler="tests.integration.faults.handler:handle")
