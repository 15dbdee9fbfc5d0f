"""Decoding of clips by a process of its own, with limits on time and memory: what comes home is not trusted."""
