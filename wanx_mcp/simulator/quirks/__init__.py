"""Ways in which the provider may differ from its documentation, as named rows; `table` lists them all."""
