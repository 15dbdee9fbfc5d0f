"""Benchmarks: each prints a ratio against a reference of the same run. `python -m tests.bench.NAME`."""
