"""How: pyinfra operations that turn a plan into a host, one module per subject."""

__version__ = "0.1.0"
