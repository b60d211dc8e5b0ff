"""Load the real outputs beside this file."""

from functools import cache
from pathlib import Path

from facts.model.host import HostState
from facts.parse import parse_host

FOLDER = Path(__file__).with_name("golden")
HOSTS = sorted(path.name for path in FOLDER.glob("[dr]*-[0-9]*.txt"))


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="ascii").splitlines()


@cache
def state(name: str) -> HostState:
    return parse_host(lines(name))
