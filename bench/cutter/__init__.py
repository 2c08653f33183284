"""The cutter beside what else cuts videos: right or wrong, CPU seconds, sizes, memory."""
