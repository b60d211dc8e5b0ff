"""Root images out of Debian's archive, made by mmdebstrap."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.checkout import ROOTS, STATE, SandboxError
from sandbox.local import mounts, prepare
from sandbox.local.processes import marked, marked_environment
from sandbox.local.sources import Archive, date_settings


def build(target: Path, recipe: dict[str, Any], archive: Archive, proxy: str | None) -> None:
    """Make the root `target` by its recipe, apt asking through `proxy` if there is one.

    Raises:
        SandboxError: if mmdebstrap fails, with the end of its log, or the machine lacks something.

    """
    mark = f"root:{target.name}"
    for process in list(marked(mark)):
        # The build of a run that was killed: it goes on alone, and for nothing.
        process.kill()
    prepare.keyring_for(recipe["suite"])
    if arch := recipe.get("arch"):
        prepare.check_emulation(arch)
    part = target.with_name(f"{target.name}.part")
    mounts.remove(part)
    ROOTS.mkdir(parents=True, exist_ok=True)
    log = STATE / "logs" / f"{target.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"sandbox: building {target.name}, once, about a minute", file=sys.stderr)
    argv = [
        # Its mounts and processes end with namespaces of their own, whatever kills it.
        *("unshare", "--mount", "--propagation", "private"),
        *("--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--skip=output/dev"),
        f"--include={','.join(recipe['packages'])}",
        f"--components={','.join(recipe['components'])}",
        *([f"--architectures={arch}"] if arch else []),
        *(f"--aptopt={line}" for line in date_settings()),
        *([f'--aptopt=Acquire::http::Proxy "{proxy}"'] if proxy else []),
        f"--customize-hook={recipe['script']}",
        recipe["suite"],
        str(part),
    ]
    # Without an address mmdebstrap takes Debian's own.
    if archive.release:
        argv += source_lines(recipe, archive)
    with log.open("wb") as out:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
            env=marked_environment(mark),
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise SandboxError(f"Building the {target.name} root failed; the end of {log}:\n{tail}")
    if recipe["sources"] == "deb822":
        _to_deb822(part)
    part.rename(target)


def source_lines(recipe: dict[str, Any], archive: Archive) -> list[str]:
    """Apt's one-line sources for a host, as Debian's installer writes them."""
    suite, components = recipe["suite"], " ".join(recipe["components"])
    lines = [
        f"deb {archive.release} {suite} {components}",
        f"deb {archive.release} {suite}-updates {components}",
    ]
    if archive.security:
        lines.append(f"deb {archive.security} {suite}-security {components}")
    return lines


def _to_deb822(tree: Path) -> None:
    """Rewrite the one-line sources as a .sources file, the form that Debian 13 images use."""
    old = tree / "etc/apt/sources.list"
    stanzas: dict[tuple[str, str], list[str]] = {}
    for line in old.read_text().splitlines():
        if line.startswith("deb "):
            _, uri, suite, components = line.split(maxsplit=3)
            stanzas.setdefault((uri, components), []).append(suite)
    text = "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {' '.join(suites)}\nComponents: {components}\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        for (uri, components), suites in stanzas.items()
    )
    (tree / "etc/apt/sources.list.d/debian.sources").write_text(text)
    old.unlink()
