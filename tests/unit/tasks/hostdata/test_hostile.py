"""What a colleague writes as host data is data: every key takes hostile values.

A value is refused with its key's name in plain words, or it is used, and then what the host gets is
rendered and looked at: repositories, settings, environment and unit files, job scripts, Docker's
words. No line may become two, and no shell may read the value as anything but a word.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.catalog.mirrors import KINDS
from stacks.load import StackError, load_stack
from tasks.guard import program
from tasks.hostdata import host as host_data
from tasks.hostdata import image as image_data
from tasks.hostdata import nccl as nccl_data
from tasks.hostdata import network, table
from tasks.image import store
from tasks.image.work import Work
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation
from tasks.python import nccl as nccl_files
from tasks.python import uv
from tasks.recipe import opening
from tasks.steps import surroundings
from tasks.steps.job import start_script
from tasks.workspace import placing, service
from tests.unit.golden import container_files, host_files, image_files
from tests.unit.golden.situations import ROCKY, Situation
from tests.unit.tasks import a_host, a_workspace, an_image
from tests.unit.tasks.hostdata.test_table import beside, read


def nested(levels: int) -> Any:
    """Lists within each other."""
    value: Any = "Pwned"
    for _ in range(levels):
        value = [value]
    return value


HOSTILE: dict[str, Any] = {
    "line break": "Pwned\nTrusted: yes",
    "NUL": "Pwned\0",
    "quotes": "Pwned'\"",
    "command": "$(touch Pwned)",
    "backticks": "`touch Pwned`",
    "second command": "; rm Pwned",
    "option": "--Pwned",
    "path": "../../Pwned",
    "10 kB": "Pwned" * 2048,
    "large": 99999999999,
    "huge": 10**5000,
    "negative": -1,
    "no number": 1e400,
    "nested": nested(500),
    "very nested": nested(100_000),
    "surrogate": "Pwned\ud800",
    "escape": "Pwned\x1b]52;c;aGk=\x07",
    "right to left": "Pwned\u202e",
    "markup": "[bold]Pwned",
    "bytes": b"Pwned",
    "home of nobody": "~Pwned/x",
    "long name": "/" + "P" * 300 + ".yaml",
}
TEXTS = {name: value for name, value in HOSTILE.items() if isinstance(value, str)}
SHAPES: dict[str, Any] = {
    "mirrors": lambda text: dict.fromkeys(KINDS, f"https://mirror.example.org/{text}"),
    "fingerprints": lambda text: {"nvidia": ["A" * 40, f"{'A' * 40} {text}"]},
    "expected_gpus": lambda text: [f"h100:{text}"],
    "stack": lambda text: f"{text}.yaml",
    "docker_proxy": lambda text: f"http://me:{text}@proxy.example.org:3128",
    "proxy": lambda text: f"http://me:{text}@proxy.example.org:3128",
    "no_proxy": lambda text: ["localhost", text],
    "docker_no_proxy": lambda text: ["localhost", text],
    "docker_registry_mirrors": lambda text: [f"https://mirror.example.org{text}"],
    "textfile_folder": lambda text: f"/var/lib/{text}",
    "image_save": lambda text: f"/srv/{text}.tar.zst",
    "image_registry": lambda text: f"registry.example.org/{text}",
    "image_base": lambda text: f"debian:{text}",
    "image_apt": lambda text: [f"deb https://mirror.example.org/debian {text}"],
    "workspaces": lambda text: [{"user": "alice", "code": f"/srv/{text}", "tag": text}],
    "workspace_code": lambda text: f"/srv/{text}",
    "workspace_ssh_key": lambda text: f"{a_workspace.KEY} {text}",
    "workspace_gpus": lambda text: ["0", f"GPU-{text}"],
    "torch_companions": lambda text: ["torchvision", text],
    "without": lambda text: ["cuda", text],
}
"""Keys whose values have a form: hostile text within one that looks as it should."""


INSIDE = ("line break", "command", "10 kB", "huge", "very nested", "escape", "bytes")
"""Those that are tried in a list and as a mapping's key, too."""


def cases(key: str) -> Iterator[tuple[str, Any]]:
    """Values in words: as they are, in a list, as a mapping's key, and in the key's form."""
    for name, value in HOSTILE.items():
        yield name, value
        if name in INSIDE:
            yield f"{name} in a list", [value]
        if name in INSIDE and name in TEXTS:
            yield f"{name} as a key", {value: value}
        if name in TEXTS and key in SHAPES:
            yield f"{name} in its form", SHAPES[key](value)


@pytest.mark.parametrize("key", table.rows())
def test_hostile_value_is_refused_in_plain_words_or_used_harmlessly(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = {name: why for name, value in cases(key) if (why := what_is_bad(key, value))}
    assert bad == {}


def what_is_bad(key: str, value: Any) -> str:
    """Why this value is neither refused well nor used harmlessly; empty: it is."""
    data = {**beside(key), key: value}
    try:
        read(data)
    except ValueError as error:  # what `tasks.host.opening` makes a refusal of
        said = str(error)
        plain = said.isprintable() and len(said) < 1500 and "int string conversion" not in said
        return "" if key in said and plain else f"refused with: {said[:200]!a}"
    except Exception as error:
        return f"crashed with {error!r}"[:200]
    try:
        for text in rendered(key, data):
            harmless(text)
    except Exception as error:
        return f"rendered: {error!r}"[:400]
    return ""


def harmless(text: str) -> None:
    """Nothing of ours follows from the value but a word, and no line begins with what it says."""
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert not re.search(r"^\W*Trusted: yes", text, re.MULTILINE)
    # A shell reads nothing in single quotes, and "'\"'\"'" is how shlex.quote writes one of them.
    bare = re.sub(r"'[^']*'", "", text.replace("'\"'\"'", ""))
    for line in bare.splitlines():
        assert not re.search(r"\$\(touch|`touch|; rm P|(^| )--Pwned", line), line


def rendered(key: str, data: dict[str, Any]) -> Iterator[str]:
    """All that a host gets of these data where the key counts."""
    if key.startswith("workspace"):
        yield from _workspace(data)
    elif key == "nccl":
        yield from nccl_files.texts(nccl_data.nccl_settings(data)).values()
        yield from _workspace({"workspace_user": "alice", **data})
    elif key.startswith("image_") or key == "bundle":
        yield from _image(data)
    else:
        yield from _host(data)


def _host(data: dict[str, Any]) -> Iterator[str]:
    for one in (
        Situation(a_host.bare(), {"driver_origin": "nvidia", "cuda_origin": "redist", **data}),
        Situation(ROCKY, data),
        Situation(a_host.bare(), {"docker_origin": "docker", **data}, True),
    ):
        plan = one.resolution.plan
        if plan is None:
            continue
        yield host_files.joined(host_files._host(one))
        if plan.containers is not None:
            yield host_files.joined(container_files._host(one))
        yield uv.environment(one.state, plan)
        guard = host_data.guard_settings(data)
        yield "".join(
            f.text
            for f in program.written("hold", "apt", guard.textfile_folder)
            if f.path not in (program.PROGRAM, program.MENU)
        )
        yield surroundings.text(network.network_settings(data), surroundings.Strangers())
        state, lock_wait = one.state, host_data.lock_wait(data)
        assert 0 <= lock_wait <= 1_000_000
        install = packages.manager_for(state).install(Installation(["nvidia-driver"]))
        yield install
        assert shlex.split(start_script(_job(), lock_wait))


def _job() -> Any:
    return store.save(Work(an_image.recipe(), image_data.image_settings({})))


def _image(data: dict[str, Any]) -> Iterator[str]:
    state = a_host.bare()
    settings = image_data.image_settings(data)
    plan = opening.resolved(state, data).plan
    if plan is None:
        return
    yield host_files.joined(image_files._asked("debian-12", data))
    work = Work(opening.recipe_for(plan, data, settings), settings)
    jobs = [store.build(state, work), store.save(work), store.push(work), store.pull(work)]
    for one in jobs:
        yield f"{one.script}\n{one.progress}"
        for name, text in one.inputs:
            # Lines of apt's own form are the person's; each stays one line of that file.
            assert name != "apt.list" or text.count("\n") == len(settings.apt)
            if name != "apt.list":
                yield text


def _workspace(data: dict[str, Any]) -> Iterator[str]:
    data = data if "workspaces" in data or "workspace_user" in data else {"workspace_user": "alice"}
    wanted = a_workspace.settings_of(**data)
    # One of an image or a GPU that the host has not is refused, and has no place.
    for place in placing.places(a_workspace.ready(), wanted, a_workspace.CDI):
        yield from _placed(place)


def _placed(place: placing.Place) -> Iterator[str]:
    for path, (text, _) in placing.container_files(place).items():
        if path.endswith(".yaml"):
            found = yaml.safe_load(text)["services"]["workspace"]
            sources = [v["source"].replace("$$", "$") for v in found["volumes"]]
            assert sources == [source for source, _ in place.made.mounts.values()]
            assert "$" not in text.replace("$$", "")
        else:
            yield text
    yield service.secrets_script(place)
    keys = placing.keys_text(place.workspace).splitlines()
    assert [line for line in keys if line and not line.startswith("#")] == [
        *place.workspace.ssh_keys
    ]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    ("part", "field"),
    [
        *(("driver", name) for name in ("branch", "version", "flavour", "origin")),
        *(("cuda", name) for name in ("version", "purpose")),
        *(("cudnn", name) for name in ("version", "origin")),
        *(("torch", name) for name in ("version", "variant", "python", "companions", "cudnn")),
        *(("containers", name) for name in ("engines", "docker_version", "toolkit_version")),
        *(("image", name) for name in ("base", "os", "cuda")),
    ],
)
def test_hostile_value_of_a_stack_file_is_refused_with_its_place(
    part: str, field: str, text: str, tmp_path: Path
) -> None:
    value = [text] if field in ("companions", "engines") else text
    said = {"version": "1.0"} if part in ("cuda", "cudnn", "torch") else {}
    file = {"summary": "mine", part: {**said, field: value}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(file), encoding="utf-8", errors="replace")
    try:
        stack = load_stack("mine", tmp_path)
    except StackError as error:
        assert f"{part}.{field}" in str(error) and "mine.yaml" in str(error)
        assert str(error).isprintable() and len(str(error)) < 1500
    else:  # the rules say what a reference of an image looks like
        assert (part, field) == ("image", "base") and stack.image is not None


@pytest.mark.parametrize(
    "name", ["x; touch Pwned", "$(touch Pwned)", "[bold]", "a b", "-x", "x\ny"]
)
def test_file_of_a_strange_name_is_no_stack(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text("summary: mine\n")
    with pytest.raises(StackError, match="A name has letters, digits"):
        load_stack(name, tmp_path)
    with pytest.raises(ValueError):
        read({"stack": str(tmp_path / f"{name}.yaml")})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 500 + "]" * 500, "more than 20 lists or mappings"),
        ("a: " + "{a: " * 500 + "}" * 500, "more than 20 lists or mappings"),
        ("- " * 100_000 + "x", "more than 20 lists or mappings"),
        ("summary: " + "x" * 1_000_001, "more than 1,000,000 bytes"),
        ('summary: "\\e]52;c;aGk=\\a"', '"summary" is'),
        ('"\\e[2J": x', "unknown key '"),
        (f"? {'k' * 10_240}\n: x", "unknown key '"),
        ("summary: mine\ncuda:\n  version: " + "9" * 5000, '"cuda.version" is'),
    ],
    ids=[
        "lists",
        "mappings",
        "one line",
        "large",
        "escape",
        "escape in a key",
        "long key",
        "digits",
    ],
)
def test_strange_stack_file_is_refused_in_plain_words(
    text: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(StackError) as caught:
        load_stack("mine", tmp_path)
    said = str(caught.value)
    assert words in said and said.isprintable() and len(said) < 1500
