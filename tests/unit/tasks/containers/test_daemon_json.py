"""Docker's settings: ours come in, everything else stays as and where it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.containers.daemon_json import (
    DaemonJsonError,
    Settings,
    changed,
    merged,
    read,
)

RUNTIME = Settings(runtime=True)
CDI = Settings(features={"cdi": True})
MIRRORS_AND_LOGS = """\
{
  "registry-mirrors": ["https://mirror.example.org"],
  "log-driver": "json-file",
  "log-opts": {"max-size": "100m", "max-file": "3"},
  "data-root": "/data/docker"
}
"""
OTHER_RUNTIMES = """\
{
\t"runtimes": {
\t\t"runsc": {"path": "/usr/local/bin/runsc", "runtimeArgs": ["--network=host"]}
\t},
\t"features": {"buildkit": true, "containerd-snapshotter": false}
}
"""


def test_without_a_file_ours_stands_alone() -> None:
    text = merged(None, RUNTIME)
    assert text is not None
    assert json.loads(text) == {
        "runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}
    }


def test_mirrors_log_options_and_data_root_stay_in_their_order() -> None:
    text = merged(MIRRORS_AND_LOGS, RUNTIME)
    assert text is not None
    before, after = json.loads(MIRRORS_AND_LOGS), json.loads(text)
    assert list(after) == [*before, "runtimes"]
    assert {key: after[key] for key in before} == before


def test_other_runtimes_stay() -> None:
    text = merged(OTHER_RUNTIMES, RUNTIME)
    assert text is not None
    runtimes = json.loads(text)["runtimes"]
    assert list(runtimes) == ["runsc", "nvidia"]
    assert runtimes["runsc"]["runtimeArgs"] == ["--network=host"]


def test_other_features_stay() -> None:
    text = merged(OTHER_RUNTIMES, CDI)
    assert text is not None
    assert json.loads(text)["features"] == {
        "buildkit": True,
        "containerd-snapshotter": False,
        "cdi": True,
    }


def test_indentation_of_the_file_is_kept() -> None:
    assert '\n\t"runtimes"' in (merged(OTHER_RUNTIMES, RUNTIME) or "")
    assert '\n  "data-root"' in (merged(MIRRORS_AND_LOGS, RUNTIME) or "")


def test_what_nvidia_ctk_wrote_is_left_as_it_is() -> None:
    written = '{"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}'
    assert merged(written, RUNTIME) is None
    assert merged(written.replace('"nvidia-c', '"/usr/bin/nvidia-c'), RUNTIME) is None


def test_runtime_of_another_place_is_led_to_ours_and_keeps_its_arguments() -> None:
    text = merged('{"runtimes": {"nvidia": {"path": "/gone", "args": ["-x"]}}}', RUNTIME)
    assert json.loads(text or "")["runtimes"]["nvidia"] == {
        "path": "nvidia-container-runtime",
        "args": ["-x"],
    }


def test_default_runtime_only_if_asked() -> None:
    assert "default-runtime" not in json.loads(merged("{}", RUNTIME) or "")
    asked = Settings(runtime=True, default_runtime=True)
    assert json.loads(merged("{}", asked) or "")["default-runtime"] == "nvidia"


def test_mirrors_are_those_that_host_data_name() -> None:
    asked = Settings(mirrors=("https://mirror.example.org",))
    assert merged(MIRRORS_AND_LOGS.replace(".org", ".org/"), asked) is None
    other = Settings(mirrors=("https://a.example.org",))
    assert changed(MIRRORS_AND_LOGS, other) == ("registry-mirrors",)


def test_nothing_asked_changes_nothing() -> None:
    assert merged(MIRRORS_AND_LOGS, Settings()) is None


def test_password_that_was_hidden_on_the_way_changes_no_decision() -> None:
    real = '{"proxies": {"http-proxy": "http://me:pw@proxy:3128"}}'
    shown = real.replace("me:pw@", "HIDDEN@")
    assert changed(real, RUNTIME) == changed(shown, RUNTIME) == ("runtimes",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1,}', "no JSON"),
        ("// mine\n{}", "no JSON"),
        ("[]", "list"),
        ('{"features": []}', "features"),
        ('{"runtimes": "nvidia"}', "runtimes"),
        ("[" * 100_000, "brackets"),
    ],
)
def test_what_docker_would_not_read_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(DaemonJsonError, match=why):
        merged(text, RUNTIME)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FILES = st.dictionaries(
    st.sampled_from(["log-opts", "data-root", "insecure-registries", "dns", "debug"]), _JSON
)
_PARTS = st.dictionaries(st.text(max_size=8), _JSON, max_size=3)
_SETTINGS = st.builds(
    Settings,
    runtime=st.booleans(),
    default_runtime=st.booleans(),
    features=st.dictionaries(st.sampled_from(["cdi", "buildkit"]), st.booleans()),
    mirrors=st.just(()) | st.just(("https://m.example.org",)),
)


@given(_FILES, _PARTS, _PARTS, _SETTINGS)
def test_whatever_the_file_holds_it_keeps_it_and_a_second_merge_changes_nothing(
    file: dict[str, object],
    runtimes: dict[str, object],
    features: dict[str, object],
    settings: Settings,
) -> None:
    whole = {**file, "runtimes": runtimes, "features": features}
    text = merged(json.dumps(whole), settings)
    if text is None:
        return
    after = read(text)
    assert list(after)[: len(whole)] == list(whole)
    assert all(after[key] == value for key, value in file.items())
    assert all(after["runtimes"][k] == v for k, v in runtimes.items() if k != "nvidia")
    assert all(after["features"][k] == v for k, v in features.items() if k not in settings.features)
    assert merged(text, settings) is None


@pytest.mark.parametrize("mark", ["\ufeff", "???"])
def test_byte_order_mark_is_no_part_of_the_settings(mark: str) -> None:
    """``???`` is how the look at a host shows it."""
    assert read(mark + MIRRORS_AND_LOGS) == json.loads(MIRRORS_AND_LOGS)
    text = merged(mark + MIRRORS_AND_LOGS, RUNTIME)
    assert text is not None
    assert text[0] == "{"
    assert merged(mark + text, RUNTIME) is None


# What Docker from version 23 on reads, by its source (moby, daemon/config/config.go: a byte order
# mark and blanks are taken away, then encoding/json); `dockerd` judges below where it is installed.
SHAPES = [
    ("", True),
    (" \n\t", True),
    ("\ufeff", True),
    ("\ufeff{}\r\n", True),
    ('{\r\n  "data-root": "/srv/docker"\r\n}\r\n', True),
    ('{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}', True),
    ('{"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}}', True),
    ('{"default-runtime": "nvidia", "exec-opts": ["native.cgroupdriver=cgroupfs"]}', True),
    ('{"insecure-registries": ["10.0.0.5:5000"], "registry-mirrors": ["https://m"]}', True),
    ('{"bip": "172.26.0.1/16", "mtu": 1450, "dns": ["10.0.0.2"], "ipv6": false}', True),
    ('{"proxies": {"http-proxy": "http://p:3128", "no-proxy": "*.lan,127.0.0.0/8"}}', True),
    ('{"features": {"containerd-snapshotter": true}}', True),
    ('{"debug": true,}', False),
    ('{"debug": true} # mine', False),
    ("{'debug': true}", False),
    ("debug: true", False),
    ("{", False),
]


@pytest.mark.parametrize(("text", "read_by_docker"), SHAPES)
def test_settings_are_read_where_docker_reads_them(text: str, read_by_docker: bool) -> None:
    try:
        keys = list(read(text))
    except DaemonJsonError:
        assert not read_by_docker
        return
    assert read_by_docker
    after = merged(text, RUNTIME)
    assert after is None or list(json.loads(after))[: len(keys)] == keys


@pytest.mark.parametrize(("text", "read_by_docker"), SHAPES)
@pytest.mark.skipif(not shutil.which("dockerd"), reason="dockerd judges")
def test_dockerd_itself_says_so(text: str, read_by_docker: bool, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text(text)
    command = ["dockerd", "--validate", "--config-file", str(tmp_path / "daemon.json")]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unknown flag" in said.stderr:
        pytest.skip("this Docker cannot try settings")
    assert (said.returncode == 0) is read_by_docker, said.stderr
