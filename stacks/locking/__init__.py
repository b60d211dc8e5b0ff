"""The hash locks: what is pinned, and how it is resolved again."""
