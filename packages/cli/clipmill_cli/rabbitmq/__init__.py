"""A RabbitMQ as its administrator sees it: what it should hold, what it holds, and two doors to it."""
