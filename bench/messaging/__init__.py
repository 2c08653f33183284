"""clipmill's worker beside plain pika and its peers, on the same jobs and the same broker."""
