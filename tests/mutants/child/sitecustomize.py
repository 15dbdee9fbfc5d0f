"""Imported by every Python process that a test starts while coverage is recorded: traces that process too."""

from tests.mutants.tracing import trace_child

trace_child()
