"""A driver on a throwaway host: what the faults are made on."""

from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.doubles import names
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.hosts import SandboxHost

VERSION = "580.159.04"
"""Of NVIDIA's double; Ubuntu's own is the one that the double of its archive has."""
_FOLDER = Path(__file__).parent


def install(host: SandboxHost, version: str = VERSION, double: AptDouble | None = None) -> None:
    """Install a driver with its modules, and a Fabric Manager where NVSwitch is on the bus.

    Debian gets NVIDIA's, whose module DKMS builds; Ubuntu gets its own, with prebuilt modules.
    Where engines run, the driver's libraries go by the device files that a container has.

    Args:
        host: A container or a virtual machine.
        version: On Debian, one that the double has.
        double: On Debian, the repository; without one, the double that all hosts share.

    Raises:
        SandboxError: if the host is of another distribution, or apt or DKMS fails.

    """
    if host.spec.os in ("ubuntu-22.04", "ubuntu-24.04"):
        script = (_FOLDER / "prebuilt.sh").read_text()
    elif host.spec.os in ("debian-12", "debian-13"):
        kind = DeviceDouble if host.spec.engines else AptDouble
        script = _from_nvidia(host, version, double or kind(host.spec.os.replace("-", "")).reset())
    else:
        raise SandboxError(
            f"{host.name} is {host.spec.os}: there are drivers for debian-12, debian-13, "
            "ubuntu-22.04 and ubuntu-24.04."
        )
    done = host.run(script)
    if done.returncode != 0:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SandboxError(f"{host.name} gets no driver:\n{told}")


def _from_nvidia(host: SandboxHost, version: str, double: AptDouble) -> str:
    switches = host.run("cat /sys/bus/pci/devices/*/class").stdout.split().count("0x068000")
    script = (_FOLDER / "driver.sh").read_text()
    for name, value in {
        "ADDRESS": f"{host.mirror_url}{double.path}{double.distribution}/x86_64",
        "KEY": (double.folder / names.key_file(double.distribution)).read_text().strip(),
        "VERSION": version,
        "PACKAGES": "nvidia-fabricmanager" if switches else "",
    }.items():
        script = script.replace(f"@{name}@", value)
    return script
