"""A simulated provider, for trials and tests without money: life cycle, checks, weather, clips."""
