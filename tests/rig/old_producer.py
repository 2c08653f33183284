"""A producer that knows nothing of clipmill: publishes one plain message and prints what `results` says, a line each.

Runs inside a machine, with nothing but pika: old_producer.py URL BODY COUNT [--assert]. It ends after COUNT results or
errors. With --assert it first declares the queue as durable, as many old clients do.
"""

import json
import sys

import pika

PATIENCE_SECONDS = 90


def main(url: str, body: str, count: str, *options: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    if "--assert" in options:
        channel.queue_declare("download_queue", durable=True)
    mailbox = channel.queue_declare("", exclusive=True).method.queue
    for kind in ("result", "error"):
        channel.queue_bind(mailbox, "results", f"{kind}.*")
    channel.basic_publish("", "download_queue", body.encode())
    events = channel.consume(mailbox, auto_ack=True, inactivity_timeout=PATIENCE_SECONDS)
    for _, (_, _, message) in zip(range(int(count)), events, strict=False):
        if message is None:
            sys.exit(f"nothing more on `results` for {PATIENCE_SECONDS} s")
        print(json.dumps(json.loads(message)), flush=True)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
