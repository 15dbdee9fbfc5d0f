"""Pictures in, videos out, contact sheets."""
