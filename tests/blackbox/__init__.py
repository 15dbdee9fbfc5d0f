"""Acceptance tests from outside: a provider and a raw client written from the contract, without the project's code."""
