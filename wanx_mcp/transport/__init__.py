"""What all our https clients share: which proxy a request takes, which certificates are trusted, why one is refused."""
