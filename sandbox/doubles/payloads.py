"""What the doubles' packages hold: small files that behave where behaviour matters.

Each kind gives the files and maintainer scripts of one package. All of it is simulation; module
source is real source that DKMS really builds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.doubles.deb import File

_FOLDER = Path(__file__).with_name("payloads")
_LIBRARY_FOLDER = "/usr/lib/x86_64-linux-gnu"
_CUDA = {"470": 11040, "520": 11080, "535": 12020, "550": 12040, "570": 12080, "580": 13000}
"""CUDA version that a driver branch answers; a branch that is not here answers 13.1."""


@dataclass(frozen=True)
class Payload:
    """Files and maintainer scripts of one package."""

    files: Mapping[str, File] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    conffiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """What a payload may need to know about its package."""

    name: str
    version: str
    """Upstream version: ``580.178.04``."""
    branch: str = ""
    flavour: str = "proprietary"


def payload(kind: str, values: Values) -> Payload:
    """The payload called `kind`; an empty one for an empty `kind`."""
    return _KINDS[kind](values) if kind else Payload()


def module_source(values: Values) -> dict[str, File]:
    """A source tree that DKMS builds into `nvidia.ko` and `nvidia-uvm.ko`, for /usr/src."""
    licence, nvrm = {
        "open": ("Dual MIT/GPL", "NVIDIA UNIX Open Kernel Module for x86_64"),
        "proprietary": ("NVIDIA", "NVIDIA UNIX x86_64 Kernel Module"),
    }[values.flavour]
    folder = f"/usr/src/nvidia-{values.version}"
    head = (
        "// Simulated by gpuwright's sandbox.\n"
        f'#define GW_VERSION "{values.version}"\n'
        f'#define GW_LICENSE "{licence}"\n'
        f'#define GW_NVRM "{nvrm}"\n'
    )
    conf = [
        "# Simulated by gpuwright's sandbox.",
        'PACKAGE_NAME="nvidia"',
        f'PACKAGE_VERSION="{values.version}"',
        'AUTOINSTALL="yes"',
        'MAKE[0]="make -C ${kernel_source_dir} M=${dkms_tree}/nvidia/${PACKAGE_VERSION}/build '
        'modules"',
    ]
    for i, module in enumerate(("nvidia", "nvidia-uvm")):
        conf += [
            f'BUILT_MODULE_NAME[{i}]="{module}"',
            f'DEST_MODULE_LOCATION[{i}]="/kernel/drivers/char/drm"',
        ]
    return {
        f"{folder}/dkms.conf": File("\n".join(conf) + "\n"),
        f"{folder}/Kbuild": File("obj-m := nvidia.o nvidia-uvm.o\n"),
        f"{folder}/Makefile": File(
            "modules:\n\t$(MAKE) -C /lib/modules/$(KERNELRELEASE)/build M=$(CURDIR) modules\n"
        ),
        **{
            f"{folder}/{name}": File(head + (_FOLDER / name).read_text())
            for name in ("nvidia.c", "nvidia-uvm.c")
        },
    }


def _kernel_source(values: Values) -> Payload:
    return Payload(module_source(values))


def _dkms(values: Values) -> Payload:
    """The hooks by which NVIDIA's and Ubuntu's packages call dkms."""
    postinst = (
        "#!/bin/sh\n# Simulated by gpuwright's sandbox.\nset -e\n"
        'case "$1" in configure)\n'
        f"    /usr/lib/dkms/common.postinst nvidia {values.version} /usr/share/nvidia '' $2 ;;\n"
        "esac\n"
    )
    prerm = (
        "#!/bin/sh\n# Simulated by gpuwright's sandbox.\nset -e\n"
        'case "$1" in remove|upgrade|deconfigure)\n'
        f'    if [ "$(dkms status -m nvidia -v {values.version})" ]; then\n'
        f"        dkms remove -m nvidia -v {values.version} --all; fi ;;\n"
        "esac\n"
    )
    return Payload(scripts={"postinst": postinst, "prerm": prerm})


def _dkms_with_source(values: Values) -> Payload:
    """Debian's kind: one package with the source and the hooks."""
    return Payload(module_source(values), _dkms(values).scripts)


def _compute(values: Values) -> Payload:
    parts = (_nvml, _libcuda, _ptxjit)
    return Payload({k: v for part in parts for k, v in part(values).files.items()}, _LDCONFIG)


def _compute_with_smi(values: Values) -> Payload:
    return Payload({**_compute(values).files, **_utils(values).files}, _LDCONFIG)


def _nvml(values: Values) -> Payload:
    return Payload(_library("libnvidia-ml", values), _LDCONFIG)


def _libcuda(values: Values) -> Payload:
    return Payload(_library("libcuda", values), _LDCONFIG)


def _ptxjit(values: Values) -> Payload:
    return Payload(_library("libnvidia-ptxjitcompiler", values, code="int gw_stand_in;"), _LDCONFIG)


def _library(name: str, values: Values, code: str = "") -> dict[str, File]:
    """A shared library with the real one's names, compiled from a few lines of C."""
    full = f"{name}.so.{values.version}"
    arguments = (
        *("-shared", "-fPIC", "-O1", "-nostdlib", f"-Wl,-soname,{name}.so.1"),
        *(f'-DGW_VERSION="{values.version}"', f"-DGW_CUDA={_CUDA.get(values.branch, 13010)}"),
    )
    text = code or (_FOLDER / f"{name}.c").read_text()
    return {
        f"{_LIBRARY_FOLDER}/{full}": File(text, compiled=arguments),
        f"{_LIBRARY_FOLDER}/{name}.so.1": File(link=full),
    }


_LDCONFIG = {"triggers": "activate-noawait ldconfig\n"}


def _text(file: str, **values: str) -> str:
    text = (_FOLDER / file).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text


def _utils(values: Values) -> Payload:
    smi = _text("nvidia-smi.sh", version=values.version)
    return Payload({"/usr/bin/nvidia-smi": File(smi, 0o755)})


def _daemon(program: str, unit: str, account: str = "root") -> Callable[[Values], Payload]:
    def made(values: Values) -> Payload:
        service = (
            f"# Simulated by gpuwright's sandbox.\n[Unit]\nDescription={program} (stand-in)\n\n"
            f"[Service]\nExecStart=/usr/bin/{program}\n\n[Install]\nWantedBy=multi-user.target\n"
        )
        script = _text("daemon.sh", name=program, version=values.version)
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
    return Payload({"/usr/bin/nvidia-modprobe": File(_text("nvidia-modprobe.sh"), 0o755)})


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


def _nvcc(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    script = _text("nvcc.sh", release=values.version, series=series)
    folder = f"/usr/local/cuda-{series}/bin"
    return Payload(
        {
            f"{folder}/nvcc": File(script, 0o755),
            f"{folder}/nvcc.profile": File("# Simulated.\nTOP = $(_HERE_)/..\n"),
        }
    )


def _cudart(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    folder = f"/usr/local/cuda-{series}/targets/x86_64-linux/lib"
    major = {"11": "11.0"}.get(series.split(".")[0], series.split(".")[0])
    full = f"libcudart.so.{values.version}"
    return Payload(
        {
            f"{folder}/{full}": File("A stand-in of gpuwright's sandbox.\n"),
            f"{folder}/libcudart.so.{major}": File(link=full),
        }
    )


def _cudart_dev(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    major, minor = (int(part) for part in series.split("."))
    top = f"/usr/local/cuda-{series}"
    header = f"/* Simulated. */\n#define CUDART_VERSION {major * 1000 + minor * 10}\n"
    return Payload(
        {
            f"{top}/targets/x86_64-linux/include/cuda_runtime_api.h": File(header),
            f"{top}/include": File(link="targets/x86_64-linux/include"),
            f"{top}/lib64": File(link="targets/x86_64-linux/lib"),
        }
    )


def _loader_entry(file: str, folder: str) -> Callable[[Values], Payload]:
    """The loader entries that CUDA's config-common packages bring for everybody."""

    def made(values: Values) -> Payload:
        path = f"/etc/ld.so.conf.d/{file}"
        text = f"/usr/local/{folder}/targets/x86_64-linux/lib\n"
        return Payload({path: File(text)}, _LDCONFIG, (path,))

    return made


def _cudnn(values: Values) -> Payload:
    major = values.version.split(".")[0]
    three = ".".join(values.version.split(".")[:3])
    return Payload(
        {
            f"{_LIBRARY_FOLDER}/libcudnn.so.{three}": File("A stand-in of gpuwright's sandbox.\n"),
            f"{_LIBRARY_FOLDER}/libcudnn.so.{major}": File(link=f"libcudnn.so.{three}"),
        }
    )


def _cudnn_dev(values: Values) -> Payload:
    major, minor, patch = values.version.split(".")[:3]
    text = (
        f"/* Simulated. */\n#define CUDNN_MAJOR {major}\n#define CUDNN_MINOR {minor}\n"
        f"#define CUDNN_PATCHLEVEL {patch}\n"
    )
    return Payload(
        {
            f"/usr/include/x86_64-linux-gnu/cudnn_version_v{major}.h": File(text),
            "/usr/include/cudnn_version.h": File(link=f"x86_64-linux-gnu/cudnn_version_v{major}.h"),
            f"{_LIBRARY_FOLDER}/libcudnn.so": File(link=f"libcudnn.so.{major}"),
        }
    )


_KINDS: dict[str, Callable[[Values], Payload]] = {
    "kernel-source": _kernel_source,
    "dkms": _dkms,
    "dkms-with-source": _dkms_with_source,
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
    "nvcc": _nvcc,
    "cudart": _cudart,
    "cudart-dev": _cudart_dev,
    "loader-any": _loader_entry("000_cuda.conf", "cuda"),
    "loader-11": _loader_entry("988_cuda-11.conf", "cuda-11"),
    "loader-12": _loader_entry("988_cuda-12.conf", "cuda-12"),
    "cudnn": _cudnn,
    "cudnn-dev": _cudnn_dev,
}
