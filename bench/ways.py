"""The ways to a GPU host that are compared, each run once on a fresh host of its own."""

from __future__ import annotations

import itertools
import subprocess
import time
from pathlib import Path
from typing import Any

import jinja2

from bench import machine, results, target
from bench.target import BenchError
from facts.model.host import HostState
from sandbox.hosts import SandboxHost
from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import Plan
from stacks.requests import with_requests
from stacks.resolve import resolve
from tasks.driver import state as driver_state
from tasks.python import locks, uv

WAYS = ("gpuwright", "guide", "by-hand")
_LOCK = "/root/lock.txt"
_UV = "/usr/local/bin/uv"
_SCRIPTS = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "scripts"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
)


def recipes() -> dict[str, str]:
    """A digest per way over all that its figure depends on.

    For the scripts that is their text as a nameless host of this kind gets it: what the plan says
    of packages, versions and wheels is in there.
    """
    host = HostProfile("debian-12", "x86_64", gpus=(Gpu("h100"),))
    stack = with_requests(load_stack(target.STACK), {"driver_origin": "debian"})
    plan = resolve(stack, host, load_catalog()).plan
    assert plan is not None and plan.torch is not None
    texts = {way: _render(way, plan, [], "") for way in WAYS[1:]}
    texts["by-hand"] += plan.torch.env_digest
    return {
        "gpuwright": machine.digest(machine.product()),
        **{way: machine.digest([text]) for way, text in texts.items()},
    }


def go(way: str) -> dict[str, Any]:
    """Make one run and give its record: seconds, seconds per step, what is there at the end.

    The clock runs from the first command until the last has ended; that is with the first ssh
    connection and, for our run, with pyinfra's start and the verdict at its end.

    Raises:
        BenchError: The run fails, or the host is not ready at its end.
    """
    with target.fresh(f"bench-{way}") as host:
        state = target.observe(host)
        plan = target.plan_for(host, state)
        before = machine.describe()
        command = _ours(host) if way == "gpuwright" else host.ssh_argv("sh -s")
        text = script(way, state, plan) if way != "gpuwright" else ""
        began = time.monotonic()
        if way == "by-hand":
            _push(host, plan, state)
        done = target.run(command, text)
        seconds = time.monotonic() - began
        _write_log(way, done.stdout)
        if done.returncode != 0:
            end = "\n".join(done.stdout.splitlines()[-15:])
            raise BenchError(f"{way} ended with {done.returncode}:\n{end}")
        there = target.installed(host)
        _check_ready(way, there, plan)
        return {
            "way": way,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(seconds, 2),
            "steps": _job_seconds(host) if way == "gpuwright" else step_seconds(done.stdout),
            "machine": before,
            "plan": plan.digest,
            "installed": there,
        }


def warm() -> None:
    """Bring all that any way downloads into the cache, on a host that is thrown away."""
    with target.fresh("bench-warm") as host:
        state = target.observe(host)
        plan = target.plan_for(host, state)
        _push(host, plan, state)
        text = _SCRIPTS.get_template("warm.sh.j2").render(plan=plan, lock=_LOCK)
        target.output(host, text)


def script(way: str, state: HostState, plan: Plan) -> str:
    """The shell script of a way, for this host and plan."""
    headers = [f"linux-headers-{k}" for k in driver_state.bootable(state)]
    return _render(way, plan, headers, (plan.torch.index if plan.torch else None) or "")


def _render(way: str, plan: Plan, headers: list[str], index: str) -> str:
    return _SCRIPTS.get_template(f"{way.replace('-', '_')}.sh.j2").render(
        plan=plan,
        headers=[*(plan.driver.headers if plan.driver else ()), *headers],
        index=index,
        uv=_UV,
        lock=_LOCK,
    )


def step_seconds(log: str) -> dict[str, float]:
    """Seconds per step from the marks that the scripts print."""
    marks = [line.split()[1:] for line in log.splitlines() if line.startswith("##step ")]
    pairs = itertools.pairwise((name, float(at)) for name, at in marks)
    return {name: round(end - begin, 2) for (name, begin), (_, end) in pairs}


def _ours(host: SandboxHost) -> list[str]:
    return target.pyinfra_argv(str(target.inventory(host)), target.DEPLOY)


def _job_seconds(host: SandboxHost) -> dict[str, float]:
    """Seconds per job of our run; jobs overlap, so they add up to more than the whole."""
    text = target.output(
        host, "cd /var/lib/gpuwright/jobs; for j in *; do stat -c '%n %.Y' $j/script $j/exit; done"
    )
    times = {name: float(at) for name, at in (line.split() for line in text.splitlines())}
    begun = sorted({name.split("/")[0] for name in times}, key=lambda n: times[f"{n}/script"])
    return {n: round(times[f"{n}/exit"] - times[f"{n}/script"], 2) for n in begun}


def _push(host: SandboxHost, plan: Plan, state: HostState) -> None:
    """Copy uv and the lock to the host, as somebody with both on a laptop does."""
    assert plan.torch is not None
    files = {uv.local_binary(state.system.arch): _UV, locks.OURS / plan.torch.lock: _LOCK}
    for local, remote in files.items():
        with local.open("rb") as source:
            command = f"cat >{remote} && chmod 755 {remote}"
            subprocess.run(host.ssh_argv(command), stdin=source, check=True)


def _check_ready(way: str, there: dict[str, Any], plan: Plan) -> None:
    """Fail unless the host is what the run claims."""
    assert plan.cuda is not None and plan.torch is not None
    served = {k for k in there["kernels"] for m in there["modules"] if f" {k}," in m}
    faults = []
    if served != set(there["kernels"]):
        faults.append(f"kernels {there['kernels']} have modules {there['modules']}")
    if there["nvcc"] != plan.cuda.release:
        faults.append(f"nvcc is {there['nvcc'] or 'missing'}")
    if not there["torch"].startswith(plan.torch.version):
        faults.append(f"torch is {there['torch'] or 'missing'}")
    if faults:
        raise BenchError(f"{way}: the host is not ready: {'; '.join(faults)}")


def _write_log(way: str, text: str) -> None:
    folder = results.FOLDER / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    (folder / f"{way}-{stamp}.log").write_text(text)
