"""Shell and configuration texts, rendered with jinja2. A missing value is an error, not a blank.

Templates lie here, and those of the image in `image`.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import jinja2

import image
from stacks.locking import wheels
from stacks.model import address
from tasks.layout import ASIDE
from tasks.templates import logins
from tasks.templates.waits import CONNECT_S, STALL_BYTES, STALL_S

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader([Path(__file__).parent, Path(image.__file__).parent]),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["q"] = shlex.quote
_environment.filters["bare"] = address.bare
_environment.filters["for_curl"] = logins.for_curl
_environment.globals |= {
    "aside": ASIDE,
    "connect_s": CONNECT_S,
    "stall_bytes": STALL_BYTES,
    "stall_s": STALL_S,
    "wheels_only": wheels.ONLY,
    # For sed: what `address.masked` does.
    "masking": 's#://[^/"[:space:]]*@#://HIDDEN@#g',
}


def render(name: str, **values: Any) -> str:
    """The template's text.

    Raises:
        jinja2.UndefinedError: The template asks for a value that was not given.
    """
    return _environment.get_template(name).render(**values)
