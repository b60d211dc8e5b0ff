"""The rules of the resolver, one subject a module, all pure."""
