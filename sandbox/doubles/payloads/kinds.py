"""The kinds of payloads by the names that the tables of packages use."""

from sandbox.doubles.payloads import cuda, driver, modules
from sandbox.doubles.payloads.payload import Payload, Values

_KINDS = {**modules.KINDS, **driver.KINDS, **cuda.KINDS}


def payload(kind: str, values: Values) -> Payload:
    """The payload called `kind`; an empty one for an empty `kind`."""
    return _KINDS[kind](values) if kind else Payload()
