"""The uv binary of our own environment, pushed to the host: the host needs no pip."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pyinfra.api import StringCommand

from facts.model.host import HostState
from stacks.catalog.mirrors import FLAT, UPSTREAM
from stacks.locking import wheels
from stacks.model.address import bare
from stacks.model.image import ImagePlan
from stacks.model.plan import Plan
from tasks.layout import CACHE, ROOT
from tasks.steps import files, sending
from tasks.steps.step import Commands, host_state, step

LOCK = Path(__file__).with_name("uv.txt")
"""The digests of uv's wheels, with their names; ``make lock`` writes it."""
FETCH_S = 600
"""To fetch a uv of some 25 MB for another architecture: at 50 kB/s, or not at all."""
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "aarch64": "aarch64-manylinux_2_28"}


@step
def pushed(plan: Plan) -> Commands:
    """Put uv on the host, checked by its sha256 before it gets its name."""
    if plan.torch is None and (plan.cudnn is None or not plan.cudnn.wheel):
        return
    yield from push(host_state())


def push(state: HostState) -> Commands:
    """The commands of `pushed`; none where uv is there."""
    path = remote_path(state.system.arch)
    local = local_binary(state.system.arch)
    # The proof is written last: where it is whole, uv was.
    proof, text = f"{path}.sha256", f"{_digest(local)}  uv\n"
    if not files.differs(state, proof, text):
        return
    yield StringCommand(f"rm -rf {shlex.quote(str(PurePosixPath(path).parent))}")
    yield sending.upload(local, path, "755")
    yield StringCommand(files.write_script(proof, text))


def remote_path(arch: str) -> str:
    """Where uv lies on the host: version and digest are part of the name."""
    version = importlib.metadata.version("uv")
    return f"{ROOT}/lib/uv-{version}-{_digest(local_binary(arch))[:12]}/uv"


@functools.cache
def local_binary(arch: str) -> Path:
    """A uv for this architecture: ours, or the same version's wheel for another one.

    That wheel is checked by the digests of `LOCK`, which are those of ``requirements.lock``.

    Raises:
        RuntimeError: The wheel for another architecture cannot be fetched, or no digest is known.
    """
    from uv import find_uv_bin

    ours = Path(find_uv_bin())
    if arch == platform.machine():
        return ours
    version = importlib.metadata.version("uv")
    if f"uv=={version} " not in LOCK.read_text():
        raise RuntimeError(
            f"uv {version} is installed here, and {LOCK.name} has digests of another version: a uv "
            f"for {arch} could not be checked. Make the environment again: make env"
        )
    # The digests are part of its name: what was fetched by others is not taken.
    target = Path.home() / ".cache" / "gpuwright" / f"uv-{version}-{arch}-{_digest(LOCK)[:12]}"
    if not (target / "bin" / "uv").exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = Path(folder, "uv")
            command = [str(ours), "pip", "install", wheels.ONLY, "--require-hashes", "--no-deps"]
            command += ["--quiet", "--target", str(part), "--requirement", str(LOCK)]
            command += ["--python", sys.executable, "--python-platform", PLATFORMS[arch]]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S)
                why = done.stderr.strip() or "uv failed" if done.returncode else ""
            except subprocess.TimeoutExpired:
                why = f"no end within {FETCH_S} s"
            if why:
                raise RuntimeError(f"uv {version} for {arch} cannot be fetched: {why}")
            with contextlib.suppress(OSError):  # another run of ours may have put it there since
                part.replace(target)
    return target / "bin" / "uv"


@functools.cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole(state: HostState) -> str:
    """Shell that ends the script where the host's uv is not the one that was sent."""
    path = remote_path(state.system.arch)
    digest = _digest(local_binary(state.system.arch))
    return (
        f"if ! echo '{digest}  {path}' | sha256sum --check --status 2>/dev/null; then\n"
        f"    rm -f {path}.sha256\n"
        '    echo "uv is gone from the host, or is not the one that was sent; run this again"\n'
        "    exit 1\n"
        "fi\n"
    )


def environment(state: HostState, plan: Plan, ways: Sequence[tuple[str, str]] = ()) -> str:
    """Shell that sets what every uv call of ours needs: cache, indexes, patience.

    The index is the mirror of the host's data, else the one that the host's own pip configuration
    names, else uv's default. Where torch comes from another index, that one is asked as well; each
    file has its hash in the lock, so it does not matter which of them gives it. UV_HTTP_TIMEOUT is
    in seconds (uv: environment variables).

    Args:
        state: The host.
        plan: What is planned for it.
        ways: Indexes to go on with where these fail, as `tasks.mirrors.standing.Ways` has them.
    """
    return "\n".join(
        [
            f"export UV_CACHE_DIR={CACHE} UV_HTTP_TIMEOUT=120 UV_HTTP_RETRIES=5",
            "export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1",
            "mkdir -p -m 700 $UV_CACHE_DIR",
            *indexes(state, plan),
            '[ -z "${GPUWRIGHT_NO_INDEX:-}" ] || unset UV_DEFAULT_INDEX UV_INDEX UV_INDEX_STRATEGY',
            *_next_index(state, ways),
        ]
    )


def indexes(state: HostState, plan: Plan | ImagePlan) -> list[str]:
    """Lines of shell that name the indexes; none where uv's own default serves."""
    torch, cudnn = plan.torch, plan.cudnn
    mirror = torch.default_index if torch else cudnn.index if cudnn else None
    default = mirror or state.pip_index
    return exports(default, torch.index if torch else None)


def exports(default: str | None, index: str | None) -> list[str]:
    """Lines of shell that name an index for all packages, and one that has torch.

    A flat listing (``flat+https://…``) is no index: uv has UV_FIND_LINKS for it.
    """
    lines = [f"export UV_DEFAULT_INDEX={shlex.quote(default)}"] if default else []
    if index and index.startswith(FLAT):
        lines.append(f"export UV_FIND_LINKS={shlex.quote(index.removeprefix(FLAT) + '/')}")
    elif index and index != default:
        lines.append(f"export UV_INDEX={shlex.quote(index)} UV_INDEX_STRATEGY=unsafe-best-match")
    return lines


def _next_index(state: HostState, ways: Sequence[tuple[str, str]]) -> list[str]:
    """A function of the shell that goes on to the next indexes; none where there are none."""
    if not ways:
        return []
    lines = ["ways=0", "next_index() {", "    ways=$((ways + 1))"]
    lines += ['    [ -z "${GPUWRIGHT_NO_INDEX:-}" ] || return 1']
    lines += ["    unset UV_DEFAULT_INDEX UV_INDEX UV_INDEX_STRATEGY UV_FIND_LINKS"]
    lines += ["    case $ways in"]
    for place, (default, index) in enumerate(ways, 1):
        told = " and ".join(dict.fromkeys(map(bare, filter(None, (default, index)))))
        lines += [f"    {place})", *exports(default or state.pip_index, index)]
        lines += [f"        echo {shlex.quote(f'next is {told or UPSTREAM}')} ;;"]
    return [*lines, "    *) return 1 ;;", "    esac", "}"]
