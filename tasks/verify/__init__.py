"""Is the host as planned, what proves it, and the verdict on it."""
