"""Agent frameworks against the real stdio server: one snippet each, run by `python -m tests.integrations`."""
