"""The plan, as it is printed before anything is touched."""

from __future__ import annotations

from gpuwright.roll.drains import Standing
from gpuwright.roll.looks import Seen
from gpuwright.roll.options import Settings
from gpuwright.roll.plan_text import asked, lines
from gpuwright.roll.state import Entry

WANTED = Settings("deploys/gpu_host.py", "lab.py", canary=["gpu1"], drain="slurm")


def test_plan_names_batches_limits_and_what_stands_in_the_way() -> None:
    hosts = {
        "gpu1": Entry(0),
        "gpu2": Entry(1),
        "gpu3": Entry(1),
        "gpu4": Entry(1, state="done"),
    }
    seen = {
        "gpu1": Seen("gpu1", True),
        "gpu2": Seen("gpu2", True, "", tuple(f"alice: python3 ({n})" for n in range(7))),
        "gpu3": Seen("gpu3", False, "no route to host"),
    }
    standings: dict[str, Standing | str] = {
        "gpu1": Standing(True, by="IDLE+DRAIN by bob: fan"),
        "gpu2": Standing(False, jobs="Slurm's jobs (MIXED, 8 CPUs)"),
        "gpu3": "scontrol: no answer in 60 s",
    }
    assert lines(WANTED, hosts, seen, standings) == [
        "deploys/gpu_host.py on 3 hosts of lab.py; done already: 1",
        "  canary: gpu1",
        "  batch 2: gpu2, gpu3 (2)",
        "  stops when more than 0 of 4 fail or are not reached, or a canary is not done",
        "  gate: verify, level quick, after each batch, up to 15m",
        "  at once: 10 hosts of a batch; each ends after 2h",
        "  1 host not reached: it would stop for that; --exclude them, or raise --fail-share",
        "  drains: each host in its turn, by slurm; one that fails stays drained",
        "    gpu1: drained by somebody else, is left alone: IDLE+DRAIN by bob: fan",
        "    gpu2: runs Slurm's jobs (MIXED, 8 CPUs)",
        "    gpu3: its state is not known: scontrol: no answer in 60 s",
        "  GPUs in use: on 1 host, waited for up to 30m; never ended",
        "    gpu2: alice: python3 (0), alice: python3 (1), alice: python3 (2), "
        "alice: python3 (3), alice: python3 (4) and 2 more",
        "  not seen: 1 host, tried again in turn",
        "    gpu3: unreachable: no route to host",
    ]


def test_plan_of_a_thousand_hosts_stays_readable() -> None:
    hosts = {f"gpu{n}": Entry(0 if n == 1 else 1) for n in range(1, 1001)}
    told = lines(Settings("d.py", "lab.py", busy="ignore", gate="none"), hosts, {}, {})
    assert len(told) < 12 and max(map(len, told)) < 160
    assert "  batch 2: gpu2, gpu3, " in told[2] and told[2].endswith(" and 987 more (999)")
    seen = {name: Seen(name, True, "", ("bob: b (1)",)) for name in hosts}
    told = lines(Settings("d.py", "lab.py"), hosts, seen, {})
    assert len(told) < 60 and told[-1] == "    and 960 hosts more"
    assert asked(WANTED, 3) == "Go on with 3 hosts, each up to 2 h? [y/N] "
