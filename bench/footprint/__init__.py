"""What each service needs before it has done anything: memory, and CPU seconds until it is ready."""
