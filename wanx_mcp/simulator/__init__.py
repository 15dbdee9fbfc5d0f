"""The provider's other side, for trying and testing without money: life cycle, checks, weather, clips."""
