"""A stand-in for the program `vagrant`, which prints what a test lays into a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

_PROGRAM = """\
#!/bin/sh
# Answers out of files: status, and ssh-config-NAME per machine; one that is missing is an error.
here={here}
echo "$VAGRANT_CWD $*" >> "$here/asked"
case $1 in
status) cat "$here/status" ;;
ssh-config)
    shift
    for name; do
        [ -f "$here/ssh-config-$name" ] || {{ echo "$name is not ready for SSH" >&2; exit 1; }}
        cat "$here/ssh-config-$name"
    done
    ;;
esac
"""
BLOCK = """\
Host {name}
  HostName {address}
  User vagrant
  Port 22
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  IdentityFile "{key}"
  IdentitiesOnly yes

"""


class Vagrant:
    """Its folder, and what it answers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.project = folder / "a project"
        self.project.mkdir()
        (self.project / "Vagrantfile").write_text("")
        (folder / "bin").mkdir()
        program = folder / "bin/vagrant"
        program.write_text(_PROGRAM.format(here=f"'{folder}'"))
        program.chmod(0o755)
        for tool in ("cat", "sleep"):
            (folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
        monkeypatch.setenv("PATH", str(folder / "bin"))
        monkeypatch.setenv("VAGRANT_CWD", str(self.project))
        monkeypatch.chdir(folder)

    def has(self, **states: str) -> None:
        """Its machines; those that run have an address and a key."""
        noise = ["==> a newer Vagrant is there"]
        lines = [f"1796042723,{name},state,{state}" for name, state in states.items()]
        (self.folder / "status").write_text("\n".join(noise + lines) + "\n")
        for number, (name, state) in enumerate(states.items(), 1):
            if state == "running":
                self.block(name, f"127.0.0.{number}")

    def block(self, name: str, address: str) -> Path:
        """What it says of one machine; gives the key, which is there."""
        key = self.project / f"{name} key"
        key.touch(mode=0o600)
        text = "[fog][WARNING] noise\n" + BLOCK.format(name=name, address=address, key=key)
        (self.folder / f"ssh-config-{name}").write_text(text)
        return key

    def asked(self) -> list[str]:
        """What it was asked."""
        return (self.folder / "asked").read_text().splitlines()
