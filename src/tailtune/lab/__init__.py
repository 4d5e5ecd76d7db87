"""The use cases: the only place where recording and judging meet."""
