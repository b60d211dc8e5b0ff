"""Root images: what a bare server of each distribution has on its disk."""
