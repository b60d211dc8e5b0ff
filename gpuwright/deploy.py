"""Run a deploy of ours from a team's own repository.

    from gpuwright import deploy

    deploy.run("gpu_host", __file__)

pyinfra executes a deploy file once per host, and Python a module once per process: an import alone
would reach the first host only. So the file of ours is executed, for every host.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "deploys"
"""Our deploys, as a wheel has them. A checkout has them elsewhere, and is used without this."""
_begun: list[bool] = []


def names() -> list[str]:
    """Names of our deploys, sorted: ``gpu_host`` …; none in a checkout."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def run(name: str, file: str) -> None:
    """Run a deploy of ours on the host at hand.

    Args:
        name: The deploy: ``gpu_host``.
        file: The deploy's own ``__file__``. From then on what lies in the folder above its own can
            be imported, wherever pyinfra was called.

    Raises:
        ValueError: There is no such deploy.
    """
    from pyinfra_cli.util import exec_file  # type: ignore[import-untyped]

    if name not in names():
        raise ValueError(f'there is no deploy "{name}" in gpuwright: {", ".join(names())}')
    begin(file, above=2)
    exec_file(str(FOLDER / f"{name}.py"))


def begin(file: str, above: int = 1) -> None:
    """What pyinfra is to know before it connects: ``config.py`` asks for it, once per run.

    Args:
        file: The ``__file__`` of the caller.
        above: How many folders lie between it and the repository's root, that one counted.
    """
    root = str(Path(file).resolve().parents[above - 1])
    if sys.path[:1] != [root]:
        sys.path.insert(0, root)
    if not _begun:
        from tasks.steps import beginning

        _begun.append(True)
        beginning.begin(sys.argv[1:])
        if any(word.partition("=")[0] == "from" for word in sys.argv[1:]):
            from tasks.drift import kept_only  # a report from kept readings connects to no host

            kept_only.begin(sys.argv[1:])
