"""The worker manager: who works, how well, and what became of every job."""
