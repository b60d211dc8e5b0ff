"""What a driver's packages hold beside the modules: libraries, programs, services, settings."""

from collections.abc import Callable

from sandbox.doubles.deb import File
from sandbox.doubles.payloads.payload import LDCONFIG, Payload, Values, library, template


def _compute(values: Values) -> Payload:
    parts = (_nvml, _libcuda, _ptxjit)
    return Payload({k: v for part in parts for k, v in part(values).files.items()}, LDCONFIG)


def _compute_with_smi(values: Values) -> Payload:
    return Payload({**_compute(values).files, **_utils(values).files}, LDCONFIG)


def _nvml(values: Values) -> Payload:
    return Payload(library("libnvidia-ml", values), LDCONFIG)


def _libcuda(values: Values) -> Payload:
    return Payload(library("libcuda", values), LDCONFIG)


def _ptxjit(values: Values) -> Payload:
    return Payload(library("libnvidia-ptxjitcompiler", values, code="int gw_stand_in;"), LDCONFIG)


def _utils(values: Values) -> Payload:
    smi = template("nvidia-smi.sh", version=values.version)
    return Payload({"/usr/bin/nvidia-smi": File(smi, 0o755)})


def _daemon(program: str, unit: str) -> Callable[[Values], Payload]:
    def made(values: Values) -> Payload:
        service = (
            f"# Simulated by gpuwright's sandbox.\n[Unit]\nDescription={program} (stand-in)\n\n"
            f"[Service]\nExecStart=/usr/bin/{program}\n\n[Install]\nWantedBy=multi-user.target\n"
        )
        script = template("daemon.sh", name=program, version=values.version)
        return Payload(
            {
                f"/usr/bin/{program}": File(script, 0o755),
                f"/lib/systemd/system/{unit}.service": File(service),
            },
            {
                "postinst": "#!/bin/sh\nset -e\n[ ! -d /run/systemd/system ] || "
                "systemctl daemon-reload\n",
                "prerm": '#!/bin/sh\nset -e\n[ "$1" != remove ] || '
                f"[ ! -d /run/systemd/system ] || systemctl disable --now {unit} || :\n",
            },
        )

    return made


def _modprobe(values: Values) -> Payload:
    return Payload({"/usr/bin/nvidia-modprobe": File(template("nvidia-modprobe.sh"), 0o755)})


def _firmware(values: Values) -> Payload:
    blob = "Simulated by gpuwright's sandbox: not firmware.\n"
    folder = f"/lib/firmware/nvidia/{values.version}"
    return Payload({f"{folder}/{name}": File(blob) for name in ("gsp_ga10x.bin", "gsp_tu10x.bin")})


def _kernel_common(values: Values) -> Payload:
    head = "# Simulated by gpuwright's sandbox.\n"
    rule = 'ACTION=="add", SUBSYSTEM=="module", KERNEL=="nvidia"'
    return Payload(
        {
            "/lib/modprobe.d/nvidia-graphics-drivers.conf": File(
                f"{head}blacklist nouveau\noptions nouveau modeset=0\n"
            ),
            # Once the module is there, so are its device files and that of unified memory.
            "/lib/udev/rules.d/60-nvidia.rules": File(
                f'{head}{rule}, RUN+="/usr/bin/nvidia-modprobe -c 0 -u"\n'
            ),
        }
    )


def _pinning(values: Values) -> Payload:
    """Preferences as the pinning packages carry them: branch or version, at priority 1000.

    The priority is from an apt-cache capture in a public repository; the wording is ours.
    """
    wanted = values.name.removeprefix("nvidia-driver-pinning-")
    pattern = f"{wanted}.*" if "." not in wanted else f"{wanted}-*"
    names = "*nvidia* cuda-drivers* libcuda1 libcudadebugger1 libnvoptix1 libxnvctrl*"
    text = (
        "# Simulated by gpuwright's sandbox.\n"
        f"Package: {names} xserver-xorg-video-nvidia*\nPin: version {pattern}\n"
        "Pin-Priority: 1000\n"
    )
    path = f"/etc/apt/preferences.d/{values.name}"
    return Payload({path: File(text)}, conffiles=(path,))


KINDS: dict[str, Callable[[Values], Payload]] = {
    "compute": _compute,
    "compute-with-smi": _compute_with_smi,
    "nvml": _nvml,
    "libcuda": _libcuda,
    "ptxjit": _ptxjit,
    "utils": _utils,
    "persistenced": _daemon("nvidia-persistenced", "nvidia-persistenced"),
    "fabricmanager": _daemon("nv-fabricmanager", "nvidia-fabricmanager"),
    "modprobe": _modprobe,
    "firmware": _firmware,
    "kernel-common": _kernel_common,
    "pinning": _pinning,
}
