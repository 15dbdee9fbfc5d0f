"""The official conformance scenarios and the inspector's linter, against this server and its Tasks extension."""
