"""How: pyinfra operations that turn a plan into a host, one module per subject."""
