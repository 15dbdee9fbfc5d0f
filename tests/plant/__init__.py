"""Planted bugs: each patch names the test that must catch it. `python -m tests.plant` shows that it does."""
