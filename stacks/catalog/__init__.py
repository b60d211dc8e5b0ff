"""Facts about the world as YAML, each beside the schema that reads it."""
