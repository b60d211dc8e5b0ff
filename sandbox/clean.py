"""Remove everything that this checkout made, from its records and from its marks.

The marks find what a killed run made without finishing its record; nothing without the mark, or
outside the state folder, is touched.
"""

from sandbox import hosts
from sandbox.checkout import CACHE, HOSTS, MARK, ROOTS, STATE, lock
from sandbox.commands import run
from sandbox.container import nspawn
from sandbox.local import cgroups, mounts, network, settings
from sandbox.local.processes import marked
from sandbox.mirror import control as mirror


def clean(cache: bool = False) -> list[str]:
    """Remove all hosts and what belongs to them; give what was removed, in words.

    The cached root images and downloads stay unless `cache` is set.
    """
    done: list[str] = []
    for folder in sorted(HOSTS.glob("*")):
        hosts.down(folder.name)
        done.append(f"host {folder.name}")
    done += _marked_leftovers()
    mirror.stop()
    network.mirror_address_off()
    settings.give_back()
    mounts.unmount(STATE)
    # Roots that are linked here are another checkout's, which may be building one.
    for part in () if ROOTS.is_symlink() else ROOTS.glob("*.part"):
        mounts.remove(part)
        done.append(f"unfinished root {part.name}")
    # The locks stay: somebody may be waiting for one.
    keep = {"locks"} if cache else {"locks", CACHE.name, ROOTS.name}
    for entry in sorted(STATE.glob("*")) + sorted(STATE.glob(".*")):
        if entry.name not in keep:
            mounts.remove(entry)
    return done


def _marked_leftovers() -> list[str]:
    """Remove what carries the mark but is in no record."""
    done = []
    for process in list(marked()):
        process.kill()
        done.append(f"process {process.pid}")
    for name in cgroups.names():
        cgroups.kill(name)
        done.append(f"control group of {name}")
    for name in nspawn.traces():
        nspawn.remove_traces(name, HOSTS / name)
        done.append(f"folder of {name}")
    for space in network.namespaces():
        network.kill_inhabitants(space.removeprefix(f"{MARK}-"))
        run("ip", "netns", "delete", space)
        done.append(f"network namespace {space}")
    for link in network.links():
        run("ip", "link", "delete", link, check=False)
        done.append(f"link {link}")
    with lock("network"):
        for rule in network.rules():
            run(*rule)
            done.append("a firewall rule")
    return done
