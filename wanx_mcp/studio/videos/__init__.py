"""Videos: saving one, previewing it, and what the card shows of it."""
