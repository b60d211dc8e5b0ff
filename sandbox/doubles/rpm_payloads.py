"""The doubles' payloads where the Red Hat family has them: other folders, rpm's own scripts."""

from collections.abc import Mapping

from sandbox.doubles.deb import File
from sandbox.doubles.payloads.kinds import payload
from sandbox.doubles.payloads.payload import Values

_FOLDERS = {"/usr/lib/x86_64-linux-gnu/": "/usr/lib64/", "/lib/": "/usr/lib/"}
_LIBRARIES = ("compute", "nvml", "libcuda", "ptxjit", "cudnn", "loader-any", "loader-11")


def files(kind: str, values: Values) -> Mapping[str, File]:
    """Files of the payload called `kind`, by their path on a host of the family."""
    return {_moved(path): file for path, file in payload(kind, values).files.items()}


def scripts(kind: str, values: Values) -> Mapping[str, str]:
    """What rpm runs for it."""
    if kind in _LIBRARIES:
        return {"post": "/sbin/ldconfig", "postun": "/sbin/ldconfig"}
    if kind in ("persistenced", "fabricmanager"):
        unit = {"persistenced": "nvidia-persistenced", "fabricmanager": "nvidia-fabricmanager"}
        return {
            "post": "[ ! -d /run/systemd/system ] || systemctl daemon-reload || :",
            "preun": '[ "$1" -gt 0 ] || [ ! -d /run/systemd/system ] || '
            f"systemctl disable --now {unit[kind]} || :",
        }
    if kind == "dkms-with-source":
        # As NVIDIA's dkms packages do: the running kernel at once, whatever comes of it.
        module = f"-m nvidia -v {values.version}"
        return {
            "post": f"dkms add {module} -q --rpm_safe_upgrade || :\n"
            f"dkms build {module} -q || :\ndkms install {module} -q --force || :",
            "preun": f"dkms remove {module} -q --all --rpm_safe_upgrade || :",
        }
    return {}


def _moved(path: str) -> str:
    for old, new in _FOLDERS.items():
        if path.startswith(old):
            return new + path.removeprefix(old)
    return path
