"""Orders: placing one once, its pictures, and finding one whose answer was lost."""
