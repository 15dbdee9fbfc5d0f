"""Mutation testing of the money core: changes the code in small ways and reports the changes that no test notices."""
