"""Found by every Python that a test starts while the map of lines is made: traces that process too."""

from tests.mutants.tracing import trace_child

trace_child()
