"""Slow tests that reach for package registries: `pytest tests/reach`, as .ci/run does."""
