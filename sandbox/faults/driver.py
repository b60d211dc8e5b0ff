"""A driver of NVIDIA's double on a Debian 12 host: what the faults are made on."""

from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import SandboxHost

VERSION = "580.159.04"
_SCRIPT = Path(__file__).with_name("driver.sh")


def install(host: SandboxHost, version: str = VERSION, double: AptDouble | None = None) -> None:
    """Install driver, module and headers, and a Fabric Manager where NVSwitch is on the bus.

    Args:
        host: A Debian 12 host, container or virtual machine.
        version: One that the double has.
        double: The repository; without one, the double of Debian 12 that all hosts share.

    Raises:
        SandboxError: if the host is none of these, or apt or DKMS fails.

    """
    if host.spec.os != "debian-12":
        raise SandboxError(f"{host.name} is {host.spec.os}: such a driver is for debian-12.")
    source = double or AptDouble("debian12").reset()
    switches = host.run("cat /sys/bus/pci/devices/*/class").stdout.split().count("0x068000")
    script = _SCRIPT.read_text()
    for name, value in {
        "ADDRESS": f"{host.mirror_url}{source.path}debian12/x86_64",
        "KEY": (source.folder / "3bf863cc.pub").read_text().strip(),
        "VERSION": version,
        "PACKAGES": "nvidia-fabricmanager" if switches else "",
    }.items():
        script = script.replace(f"@{name}@", value)
    done = host.run(script)
    if done.returncode != 0:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SandboxError(f"{host.name} gets no driver:\n{told}")
