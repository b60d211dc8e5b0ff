"""What rpm would refuse to take out, as the script asks it, with a stand-in for rpm."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from facts.script import text

CAME = """\
dkms.noarch 3.0.10-1.el8
kernel-devel.x86_64 4.18.0-1
kmod-nvidia-latest-dkms.noarch 570.211.01-1.el8
gone.noarch 1.0-1
"""
# The module has moved to another version, its kernel's headers are other ones; it needs dkms, and
# is needed itself by nothing, or by a package of somebody's.
RPM = """\
#!/bin/sh
dkms=dkms-3.0.10-1.el8.noarch
module=kmod-nvidia-latest-dkms-580.178.04-1.el8.noarch
absent() { echo "package $1 is not installed"; exit 1; }
case $1 in
-e)
    shift 2
    case " $* " in *" $module "*) ;; *)
        echo "  dkms is needed by (installed) kmod-nvidia-latest-dkms-3:580.noarch" >&2; exit 1 ;;
    esac
    [ -z "$THEIRS" ] || {
        echo '  kmod-nvidia = 580 is needed by (installed) theirs-1-1.noarch' >&2; exit 1
    } ;;
-q)
    case $2/${3-} in
    --whatprovides/dkms) echo $dkms ;;
    --whatprovides/kmod-nvidia) echo $module ;;
    --qf/*) case $4 in kmod-nvidia-latest-dkms.noarch) echo $module ;; *) absent "$4" ;; esac ;;
    $dkms/ | $module/) echo "$2" ;;
    *) absent "$2" ;;
    esac ;;
esac
"""


def needed(folder: Path, theirs: str = "") -> list[str]:
    (folder / "brought").mkdir()
    (folder / "brought/came").write_text(CAME)
    (folder / "rpm").write_text(RPM)
    (folder / "rpm").chmod(0o755)
    script = text("removal").replace("STATE=/var/lib/gpuwright", f"STATE={folder}")
    done = subprocess.run(
        ["sh"],
        input=f"part() {{ :; }}\n{script}\nrpm_needed\n",
        env={"PATH": f"{folder}:{os.environ['PATH']}", "THEIRS": theirs},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_what_only_a_package_needs_that_came_and_moved_since_is_not_needed(tmp_path: Path) -> None:
    assert needed(tmp_path) == []


def test_what_a_package_of_others_needs_stays_to_the_end_of_the_chain(tmp_path: Path) -> None:
    assert needed(tmp_path, theirs="yes") == [
        "kmod-nvidia-latest-dkms-580.178.04-1.el8.noarch|theirs-1-1.noarch",
        "dkms-3.0.10-1.el8.noarch|kmod-nvidia-latest-dkms-3:580.noarch",
    ]


LISTED = """\
gpuwright-burn-in.service loaded active running /bin/sh -c x
gpuwright-guard.service   loaded active exited  gpuwright: kernel guard
gpuwright-torch.service   loaded deactivating stop-sigterm y
"""


def running(folder: Path, systemctl: str) -> list[str]:
    (folder / "systemctl").write_text(f"#!/bin/sh\n{systemctl}\n")
    (folder / "systemctl").chmod(0o755)
    script = f"{text('frame', 'removal')}\nPATH={folder}:$PATH\nunits </dev/null\n"
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if not line.startswith("##")]


def test_units_at_work_are_listed_and_those_that_have_done_theirs_are_not(tmp_path: Path) -> None:
    said = running(tmp_path, f"cat <<'END'\n{LISTED}END")
    assert said == ["gpuwright-burn-in.service", "gpuwright-torch.service"]


def test_systemd_that_does_not_answer_is_not_taken_for_one_without_jobs(tmp_path: Path) -> None:
    assert running(tmp_path, "exit 1") == ["?"]
    assert not any(line.strip() for line in running(tmp_path, "exit 0"))
