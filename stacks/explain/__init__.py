"""A plan, or what stands against it, in words and as data."""
