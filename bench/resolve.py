"""How long the resolver takes for a large fleet: 10,000 hosts, all different, in one process.

Run as ``python -m bench.resolve``. Ends with 1 where it is slower than the target.
"""

from __future__ import annotations

import random
import sys
import time

from bench import results
from bench.results import Comparison
from stacks.catalog.read import load_catalog
from stacks.load import load_stack, stack_names
from stacks.model.host import Gpu, HostProfile
from stacks.resolve import resolve

HOSTS = 10_000
TARGET_SECONDS = 2.0


def fleet(count: int, seed: int = 1) -> list[HostProfile]:
    """Hosts drawn at random from the catalogue, the common ones more often."""
    catalog, draw = load_catalog(), random.Random(seed)
    systems = ["debian-12"] * 6 + ["ubuntu-22.04", "ubuntu-24.04"] * 2 + list(catalog.distributions)
    models = ["h100", "a100", "l40s", "t4", "v100"] * 5 + list(catalog.gpus.models.rows)
    return [
        HostProfile(
            os=draw.choice(systems),
            arch=draw.choices(["x86_64", "aarch64"], [9, 1])[0],
            gpus=tuple(
                Gpu(model, address=f"0000:{slot:02x}:00.0")
                for model in [draw.choice(models)]
                for slot in range(draw.choice([0, 1, 1, 2, 8]))
            ),
            kernels=(f"6.1.0-{place % 90}-cloud-amd64", f"6.1.0-{place % 70}-amd64"),
            secure_boot=draw.choice([None, True, False]),
            security_pocket=draw.choice([None, None, False]),
        )
        for place in range(count)
    ]


def main() -> int:
    """Print the figure, write it under ``bench/results/``."""
    catalog = load_catalog()
    stacks = [load_stack(name) for name in stack_names()]
    hosts = fleet(HOSTS)
    start = time.perf_counter()
    plans = sum(
        resolve(stacks[place % len(stacks)], host, catalog).plan is not None
        for place, host in enumerate(hosts)
    )
    seconds = time.perf_counter() - start
    print(
        f"{HOSTS} hosts resolved in {seconds:.2f} s ({seconds / HOSTS * 1e6:.0f} µs each): "
        f"{plans} plans, {HOSTS - plans} refused; target {TARGET_SECONDS} s"
    )
    row = Comparison("resolve", seconds, "limit", None, "s", TARGET_SECONDS, "ours")
    record = {"hosts": HOSTS, "seconds": round(seconds, 3), "plans": plans}
    results.save("resolve", [record], [row])
    return 0 if row.met else 1


if __name__ == "__main__":
    sys.exit(main())
