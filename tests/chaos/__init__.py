"""The fault suite: real workers, a real broker, faults drawn from a seed, and the books afterwards."""
