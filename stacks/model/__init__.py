"""The values that the resolver takes and gives, all frozen."""
