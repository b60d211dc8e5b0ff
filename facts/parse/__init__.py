"""Pure parsers: the probe's text in, `facts.model` values out. Nothing here knows pyinfra."""

from facts.parse.host import parse_host
from facts.parse.sections import ProbeError

__all__ = ["ProbeError", "parse_host"]
