"""Nobody goes round the ways by which we write on hosts, read what is a user's, and send files.

Small files of ours: `tasks.steps.files`. Files between the controller and a host:
`tasks.steps.sending`. Files in folders of users: `tasks.steps.theirs` and ``facts/theirs.sh``. What
else looks like it is listed here with its reason, file by file; what is listed and gone fails too.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

HOUSE = Path(__file__).parents[2]
LOOKED_AT = (
    *((room, ending) for room in ("tasks", "deploys") for ending in ("*.py", "*.j2", "*.yaml")),
    ("facts", "*.sh"),
    ("facts", "*.py"),
    ("gpuwright", "*.py"),
)
WAYS = {
    "/tmp": r"/tmp/|TMPDIR|tempfile|\bmktemp\b(?! (-d )?[\"{$])",
    "pyinfra's own files": r"pyinfra\.operations|\bfiles\.(put|template|download|sync)\(|"
    r"File(Up|Down)loadCommand|\b[gp]et_file\(|\bput_file\(",
    "whole trees": r"ch(own|mod|grp) -[a-zA-Z]*R",
    "a user's place": r"[>\s\"']/home/|\$HOME/|~/|\{[a-z_.]*\.home\}|getent passwd|\bexpanduser\b",
    "as another user": r"\brunuser\b|\bsetpriv\b|\bsu -",
    "a file of the system": r"(?<![-0-9&])>>?\s*[\"']?(/(etc|var|opt|usr|home|root|boot|run)\b|"
    r"\{[A-Z_]+\}|\{[a-z_.]*\.?[A-Z_]+\})|\btee\s+(-a\s+)?[\"']?/",
    "rights after the text": r"chmod [ug]?o?[-+=0-7][0-7rwxX]+ [\"']?/",
    "the controller": r"\.write_(text|bytes)\(|open\([^)]*[\"'][wax]b?[\"']",
}
_OURS = "a mark or a list in a folder of root's, which is right when empty or cut as well"
_TREE = "a folder of root's that no name leads to yet: its rights are set before it is renamed"
ALLOWED: dict[tuple[str, str], str] = {
    ("tasks/adopt/files.py", "the controller"): "never over what is there; gone if not whole",
    ("tasks/adopt/proof.py", "/tmp"): "on the controller, a folder of this process alone",
    ("tasks/adopt/proof.py", "the controller"): "in that folder",
    ("facts/handmade.sh", "a user's place"): "lists names, and opens no file",
    ("tasks/acceptance/acceptance_opening.py", "the controller"): "last, and told if it fails",
    ("tasks/benchmark/written.py", "the controller"): "in `.part`, renamed if it is whole",
    ("tasks/acceptance/drained.py", "the controller"): "beside its name, moved once it is closed",
    ("tasks/acceptance/drained.py", "a user's place"): "this account's own, on the controller",
    ("tasks/acceptance/hooks.py", "/tmp"): "on the controller, a file without a name",
    ("tasks/bundle/collect.py", "the controller"): "raises where the disk is full; then entered",
    ("tasks/bundle/__main__.py", "a user's place"): "of who calls it, on his own machine",
    ("tasks/bundle/audit.py", "/tmp"): "on the controller, a folder of this process alone",
    ("tasks/bundle/audit.py", "the controller"): "in that folder",
    ("tasks/bundle/host_collect.py", "the controller"): "in `.part`, moved once it is closed",
    ("tasks/bundle/signing.py", "/tmp"): "on the controller, a folder of this process alone",
    ("tasks/offline/manifest.py", "the controller"): "in `.part`, moved once it is closed",
    ("tasks/bundle/wheels.py", "/tmp"): "on the controller, a folder of this process alone",
    ("tasks/bundle/wheels.py", "the controller"): "in that folder",
    ("tasks/transfer/part.py", "the controller"): "a note beside `.part`, which is compared itself",
    ("tasks/recipe/recipe.py", "the controller"): "an archive in memory",
    ("tasks/containers/engine_packages.py", "a file of the system"): _OURS,
    ("tasks/containers/rootless.py", "as another user"): "asks the user's own systemd",
    ("tasks/containers/rootless_state.py", "a user's place"): "names what `theirs` reads, writes",
    ("tasks/driver/enrolment.py", "a file of the system"): "in memory, renamed if it is whole",
    ("tasks/driver/initramfs.py", "a file of the system"): _OURS,
    ("tasks/driver/operations.py", "a file of the system"): _OURS,
    ("tasks/guard/kernel_holds.py", "a file of the system"): _OURS,
    ("tasks/removal/scripts.py", "a file of the system"): _OURS,
    ("tasks/removal/scripts.py", "as another user"): "removes a file as its folder's owner",
    ("tasks/removal/scripts.py", "a user's place"): "asks whether a user is there",
    ("tasks/steps/before.py", "a file of the system"): _OURS,
    ("tasks/repair/records.py", "a file of the system"): _OURS,
    ("tasks/packages/apt_transaction.py", "a file of the system"): "a job's own folder",
    ("tasks/packages/versionlock.py", "a file of the system"): "beside the list, renamed if whole",
    ("tasks/faults/codes.yaml", "a file of the system"): "a remedy for a person",
    ("tasks/faults/faults.yaml", "a file of the system"): "changes one line of a file of root's",
    ("tasks/hostdata/reading.py", "a user's place"): "on the controller",
    ("tasks/hostdata/workspace.py", "a user's place"): "on the controller",
    ("tasks/steps/sending.py", "pyinfra's own files"): "the one way, into a box of the login's",
    ("tasks/workspace/container.py", "a user's place"): "inside the container",
    ("tasks/workspace/workspace_conflicts.py", "a user's place"): "a message",
    ("tasks/templates/cudnn_wheel.sh.j2", "whole trees"): _TREE,
    ("tasks/templates/image_build.sh.j2", "whole trees"): _TREE,
    ("tasks/templates/venv.sh.j2", "whole trees"): _TREE,
    ("tasks/templates/kernel_guard.sh.j2", "as another user"): "the guard's own way: its `put`",
    ("tasks/templates/workspace.sh.j2", "as another user"): "enters a folder, and reads nothing",
    ("facts/theirs.sh", "as another user"): "the one way",
    ("facts/engines.sh", "a user's place"): "asks where it is; `their` reads there",
    ("facts/workspaces.sh", "as another user"): "tests a folder, and reads nothing",
    ("facts/workspaces.sh", "a user's place"): "asks where it is",
    ("facts/repository.sh", "/tmp"): "a folder with a name that nobody can know, of root's",
    ("facts/device_health.sh", "/tmp"): "a file with a name that nobody can know",
    ("facts/archives.sh", "/tmp"): "a folder with a name that nobody can know, of root's",
    ("facts/login.sh", "as another user"): "looks as nobody does, from its own program alone",
    ("facts/mirrors.sh", "/tmp"): "a folder with a name that nobody can know, of root's",
    ("facts/closure.sh", "/tmp"): "a folder in `/run` with a name that nobody can know, of root's",
    ("facts/outlook.sh", "/tmp"): "a folder with a name that nobody can know, of root's",
    ("tasks/host/no_root.py", "a file of the system"): "a remedy for a person",
    ("tasks/host/no_root.py", "rights after the text"): "a remedy for a person",
    ("tasks/packages/versionlock.py", "/tmp"): "a folder with a name that nobody can know",
    ("tasks/drift/__main__.py", "the controller"): "the file that the person names",
    ("tasks/drift/history.py", "/tmp"): "on the controller, beside the file; then its name",
    ("tasks/drift/history.py", "the controller"): "that very file",
    ("tasks/pull/__main__.py", "the controller"): "the file that the person names",
    ("tasks/pull/archive.py", "the controller"): "an archive in memory",
    ("tasks/pull/onhost/files.py", "/tmp"): "beside the file, in a folder of root's; then its name",
    ("tasks/pull/onhost/files.py", "the controller"): "that very file",
    ("tasks/pull/onhost/source.py", "the controller"): "below a folder of root's, before its name",
    ("tasks/reboot/itself.py", "the controller"): "a folder of systemd's that root alone enters",
    ("tasks/python/uv.py", "/tmp"): "on the controller, a folder of this process alone",
    ("tasks/steps/copying.py", "pyinfra's own files"): "the connection itself, to this machine",
    ("tasks/steps/login.py", "pyinfra's own files"): "the connection itself",
    ("tasks/steps/silence.py", "a user's place"): "a remedy for a person",
    ("tasks/faults/codes.yaml", "a user's place"): "a remedy for a person",
    ("tasks/faults/codes.yaml", "rights after the text"): "a remedy for a person",
    ("tasks/drift/push.py", "/tmp"): "a file in `/run` with a name that nobody can know, of root's",
    ("tasks/recipe/recipe.py", "a user's place"): "inside the image, as it is built",
    ("gpuwright/layout.py", "the controller"): "never over what is there",
    ("gpuwright/locking.py", "the controller"): "in a part beside it, renamed if it is whole",
    ("gpuwright/release.py", "/tmp"): "on the controller, a folder of this process alone",
    ("gpuwright/release.py", "the controller"): "in that folder",
    ("gpuwright/roll/secrets.py", "a user's place"): "this account's own, on the controller",
    ("gpuwright/roll/state.py", "a user's place"): "this account's own, on the controller",
    ("facts/probe/settings.sh", "a user's place"): "of the login, who may be root: within limits",
}


def told(file: Path) -> list[str]:
    """Its lines without docstrings and templates' comments; a script in a text stays."""
    text = re.sub(r"\{#(?:.|\n)*?#\}", "", file.read_text())
    lines = text.splitlines()
    if file.suffix != ".py":
        return lines
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", ())
        for one in body if isinstance(body, list) else ():
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                for at in range(one.lineno - 1, one.end_lineno or one.lineno):
                    lines[at] = ""
    return lines


def found() -> dict[tuple[str, str], list[str]]:
    """File and kind of way to the lines that look like it; comments and docstrings stay out."""
    seen: dict[tuple[str, str], list[str]] = {}
    for room, ending in LOOKED_AT:
        for file in sorted((HOUSE / room).rglob(ending)):
            for line in told(file):
                code = "" if line.lstrip().startswith(("#", "{#")) else line
                for kind, pattern in WAYS.items():
                    if re.search(pattern, code):
                        name = str(file.relative_to(HOUSE))
                        seen.setdefault((name, kind), []).append(line.strip())
    return seen


def test_what_goes_round_our_ways_is_known_with_its_reason() -> None:
    unknown = {where: lines for where, lines in found().items() if where not in ALLOWED}
    assert not unknown, "\n".join(f"{w}: {line}" for w, lines in unknown.items() for line in lines)


def test_every_exception_is_still_one() -> None:
    assert not set(ALLOWED) - set(found())


def test_script_in_a_text_of_several_lines_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text('"""Of /tmp/a."""\nX = f"""\ncat >/etc/b\n"""\n\ndef f():\n    """/tmp/c."""\n')
    assert [line for line in told(file) if "/" in line] == ["cat >/etc/b"]


def test_each_way_would_be_noticed() -> None:
    ways = {
        "/tmp": ["cat >/tmp/x", "dir=$(mktemp -d)", "f=$(mktemp)"],
        "pyinfra's own files": [
            "yield FileUploadCommand(a, b)",
            "files.put(src=a)",
            "h.get_file(a)",
        ],
        "whole trees": ["chown -R a /srv", "chmod -vR 7 x"],
        "a user's place": ['cat "/home/a/x"', 'cp x "$HOME/y"', 'f"{user.home}/.x"'],
        "as another user": ["runuser -u a -- cat x", "setpriv --reuid 1 cat"],
        "a file of the system": ["echo x >/etc/y", 'f"cat >{PATH}"', "x >> /var/y", "tee /etc/x"],
        "rights after the text": ["chmod 600 /etc/x"],
        "the controller": ['path.write_text("x")', 'path.open("wb")'],
    }
    assert set(ways) == set(WAYS)
    for kind, lines in ways.items():
        for line in lines:
            assert re.search(WAYS[kind], line), (kind, line)
