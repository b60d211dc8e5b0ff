"""A long series goes on where it was cut off, and never mixes figures of different recipes."""

from typing import Any

from bench import counting, time_to_ready, ways

RECIPES = {"gpuwright": "new", "guide": "g"}


def record(way: str, recipe: str, seconds: float) -> dict[str, Any]:
    return {
        "way": way,
        "recipe": recipe,
        "seconds": seconds,
        "steps": {"driver": 60.0},
        "machine": {"load": 0.1},
        "installed": {
            "modules": ["nvidia-current/535.309.01, 6.1.0-56-cloud-amd64, x86_64: installed"],
            "nvcc": "V11.8.89",
            "cudnn": "8.9.6",
            "torch": "2.9.1+cu128",
            "packages": ["libc6=2.36", *([f"xorg-{way}=1"] if way == "guide" else [])],
            "packages_mb": 1,
            "received_mb": 2,
            "disk_mb": 3,
            "apt_cache_mb": 4,
        },
    }


def test_record_of_another_recipe_does_not_count() -> None:
    runs = [record("gpuwright", "old", 900), record("gpuwright", "new", 200)]
    assert [r["seconds"] for r in time_to_ready.current(runs, RECIPES)] == [200]


def test_one_slow_run_does_not_move_the_median() -> None:
    ours = [record("gpuwright", "new", s) for s in (100, 110, 900)]
    (row,) = time_to_ready.compare([*ours, record("guide", "g", 220)])
    assert row.value == 0.5
    assert row.met


def test_nothing_is_compared_with_a_way_that_has_not_run() -> None:
    assert time_to_ready.compare([record("gpuwright", "new", 100)]) == []


def test_note_names_the_packages_that_only_one_side_installs() -> None:
    (row,) = time_to_ready.compare([record("gpuwright", "new", 1), record("guide", "g", 2)])
    assert "1 the same, 0 only by gpuwright, 1 only by guide (xorg-guide=1)" in row.note


def test_step_seconds_are_between_one_mark_and_the_next() -> None:
    log = "##step driver 10.5\nUnpacking …\n##step cuda 70.5\n##step end 100.0\n"
    assert ways.step_seconds(log) == {"driver": 60.0, "cuda": 29.5}


def test_sshd_log_gives_connections_and_channels() -> None:
    # OpenSSH 9.2 on Debian 12, -E file, LogLevel VERBOSE.
    log = (
        'Connection from 10.0.0.1 port 42612 on 10.0.0.2 port 2200 rdomain ""\n'
        "Accepted key ED25519 SHA256:x found at /root/.ssh/authorized_keys:1\n"
        "Postponed publickey for root from 10.0.0.1 port 42612 ssh2 [preauth]\n"
        "Accepted publickey for root from 10.0.0.1 port 42612 ssh2: ED25519 SHA256:x\n"
        "User child is on pid 77\n"
        "Starting session: command for root from 10.0.0.1 port 42612 id 0\n"
        "Close session: user root from 10.0.0.1 port 42612 id 0\n"
        "Starting session: subsystem 'sftp' for root from 10.0.0.1 port 42612 id 0\n"
    )
    assert counting.count(log) == counting.Counts(connections=1, channels=2)
