"""`python -m bench`: all benchmarks beside what a user would pick instead, as one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import (
    ci_minutes,
    cut_transfers,
    doctor,
    fleet,
    noop,
    resolve,
    results,
    target,
    time_to_ready,
    ways,
)
from bench.results import Comparison
from bench.target import BenchError
from sandbox.checkout import SandboxError

NAMES = ("resolve", "cut_transfers", "doctor", "noop", "time_to_ready")
BY_NAME = ("ci_minutes", "fleet")
"""Those that need a host that is ready, which is named: none of all."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "which",
        nargs="*",
        metavar="WHICH",
        help="resolve (seconds), cut_transfers (five minutes), doctor (a minute), noop "
        "(two minutes after one converged host), "
        "time_to_ready (4 to 10 minutes per run; goes on where it was cut off); default: all; "
        "by name alone: ci_minutes (ten minutes, on a host with the image), fleet (two minutes, on "
        "a host that gpu_host made)",
    )
    parser.add_argument("--show", action="store_true", help="run nothing, show what is on record")
    parser.add_argument("--runs", type=int, default=1, help="time_to_ready: counted runs per way")
    parser.add_argument(
        "--way", action="append", choices=ways.WAYS, help="time_to_ready: only this way"
    )
    parser.add_argument(
        "--no-warm", action="store_true", help="time_to_ready: the download cache is warm already"
    )
    parser.add_argument(
        "--job",
        action="append",
        choices=ci_minutes.WAYS,
        help="ci_minutes: only this way to an environment; pip and uv need no image on the host",
    )
    parser.add_argument("--times", type=int, default=5, help="doctor, noop: runs of each")
    parser.add_argument("--host", help="doctor, noop, ci_minutes, fleet: a ready sandbox host")
    parser.add_argument("--stack", default=target.STACK, help="fleet: the stack of that host")
    parser.add_argument("--keep", action="store_true", help="doctor, noop: leave the host made")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks; 0 if every target was reached, 1 if not, 2 if one could not be run."""
    args = _parser().parse_args(argv)
    which = args.which or NAMES
    if unknown := set(which) - {*NAMES, *BY_NAME}:
        known = ", ".join((*NAMES, *BY_NAME))
        print(f"bench: no {', '.join(sorted(unknown))}; there is {known}", file=sys.stderr)
        return 2
    if args.show:
        results.show([row for name in which for row in results.comparisons(name)])
        return 0
    rows: list[Comparison] = []
    try:
        if "resolve" in which:
            resolve.main()
            rows += results.comparisons("resolve")
        if "cut_transfers" in which:
            rows += cut_transfers.run()
        if "doctor" in which:
            rows += doctor.run(args.times, args.host, args.keep)
        if "noop" in which:
            rows += noop.run(args.times, args.host, args.keep)
        if "time_to_ready" in which:
            rows += time_to_ready.run(args.runs, args.way or ways.WAYS, not args.no_warm)
        if "ci_minutes" in which:
            rows += ci_minutes.run(args.host, args.job)
        if "fleet" in which:
            if not args.host:
                raise BenchError("fleet needs a host that is ready: --host NAME")
            rows += fleet.run(args.host, args.stack)
    except (BenchError, SandboxError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if rows:
            results.show(rows)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
