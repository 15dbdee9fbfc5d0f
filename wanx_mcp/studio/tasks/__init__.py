"""Tasks: reading one, waiting for it, and how long it will take."""
