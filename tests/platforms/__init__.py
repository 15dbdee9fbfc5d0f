"""Checks for platforms that this machine is not: python -m tests.platforms NAME. See __main__.py."""
