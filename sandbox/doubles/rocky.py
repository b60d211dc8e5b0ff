"""A Debian root made to present as Rocky Linux, with repositories of its own inside.

dnf, rpm, systemd and the compilers are real, from Debian. Packages of the base system are entries
of the rpm database without files. The distribution's repositories lie in the root itself
(``file:``), so a host needs no server for them. ``kernel-devel`` and ``dkms`` are real: Debian's
headers under Rocky's release name, and the same upstream dkms.
"""

import hashlib
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.commands import run
from sandbox.doubles import rocky_kernel
from sandbox.doubles.deb import File
from sandbox.doubles.rpm import Rpm, build

_DATA = Path(__file__).with_name("rocky.yaml")
_ASIDE = "usr/share/gpuwright-sandbox"


def digest() -> str:
    """Tells versions of what `present` makes apart."""
    files = [_DATA, Path(__file__), Path(rocky_kernel.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def present(root: Path, os_name: str) -> None:
    """Make the Debian tree `root` a Rocky Linux host."""
    row = _data()[os_name]
    major, minor = os_name.removeprefix("rocky-"), row["minor"]
    for name, text in _identity(major, minor).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    for tool in ("gcc", "g++", "cc", "c++"):
        (root / "usr/bin" / tool).unlink(missing_ok=True)
    offered = {
        "baseos": [*_named("baseos"), *base(os_name), *kernels(os_name, root)],
        "appstream": [*_named("appstream"), *compilers(os_name), *devels(os_name, root)],
        "extras": [epel_release(major)],
        "epel": [dkms(major, root)],
    }
    for name, packages in offered.items():
        folder = root / _ASIDE / "repositories" / name
        folder.mkdir(parents=True)
        for file in build(packages):
            shutil.copy(file, folder)
        run("createrepo_c", "--quiet", "--no-database", str(folder))
    there = [*base(os_name), *_first_kernels(os_name, root)]
    run(
        *("rpm", "--root", str(root), "--dbpath", "/var/lib/rpm", "--install", "--nodeps"),
        *("--force-debian", "--noscripts", "--notriggers", *map(str, build(there))),
    )
    # Debian's own kernel headers have given what they hold; no kernel of that name is here.
    for folder in (root / "usr/lib/modules").glob("*-amd64"):
        shutil.rmtree(folder)


def _identity(major: str, minor: str) -> dict[str, str]:
    """Files by which a host says what it is, and by which dnf finds its repositories."""
    release = (
        f'NAME="Rocky Linux"\nVERSION="{minor} (gpuwright sandbox)"\nID="rocky"\n'
        f'ID_LIKE="rhel centos fedora"\nVERSION_ID="{minor}"\nPLATFORM_ID="platform:el{major}"\n'
        f'PRETTY_NAME="Rocky Linux {minor} (presented by gpuwright\'s sandbox)"\n'
    )
    own = ("baseos", "appstream", "extras")
    repositories = "\n".join(_repository(name, f"Rocky Linux {major} - {name}") for name in own)
    return {
        "etc/os-release": release,
        "etc/redhat-release": f"Rocky Linux release {minor} (gpuwright sandbox)\n",
        "etc/yum.repos.d/rocky.repo": repositories,
        # EL's own defaults; Debian's dnf skips repositories that are away.
        "etc/dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\n"
        "clean_requirements_on_remove=True\nbest=True\nskip_if_unavailable=False\n",
        "etc/rpm/macros.gpuwright-sandbox": f"%_dbpath /var/lib/rpm\n%dist .el{major}\n",
        # A plugin of Debian's dnf that EL does not have by default.
        "etc/dnf/plugins/local.conf": "[main]\nenabled = false\n",
        # Debian's loader looks into its own folders only.
        "etc/ld.so.conf.d/lib64.conf": "/usr/lib64\n",
    }


def _repository(name: str, title: str) -> str:
    return (
        f"[{name}]\nname={title} (gpuwright sandbox)\n"
        f"baseurl=file:///{_ASIDE}/repositories/{name}\nenabled=1\ngpgcheck=0\n"
    )


def epel_release(major: str) -> Rpm:
    """What brings EPEL's entry to a host."""
    text = _repository("epel", f"Extra Packages for Enterprise Linux {major}")
    return Rpm(
        "epel-release",
        major,
        f"7.el{major}",
        arch="noarch",
        files={"/etc/yum.repos.d/epel.repo": File(text)},
    )


def base(os_name: str) -> list[Rpm]:
    """The base system, as the rpm database knows it."""
    row = _data()[os_name]
    major = os_name.removeprefix("rocky-")
    release = {"system-release": row["minor"], "system-release(releasever)": major}
    found = [
        _stub(
            "rocky-release",
            row["minor"],
            f"1.el{major}",
            Provides=tuple(f"{name} = {value}" for name, value in release.items()),
        ),
        _stub(row["curl"], "7.76.1", f"29.el{major}", Provides=("/usr/bin/curl",)),
    ]
    for name, provides in _data()["base"].items():
        found.append(_stub(name, "1.0", f"1.el{major}", Provides=tuple(provides)))
    return found


def kernels(os_name: str, root: Path) -> list[Rpm]:
    """Every kernel that the repositories offer, oldest first."""
    return [p for k in _data()[os_name]["kernels"] for p in rocky_kernel.kernel(k)]


def _first_kernels(os_name: str, root: Path) -> Iterator[Rpm]:
    row = _data()[os_name]
    for release in row["kernels"][: row["installed_kernels"]]:
        yield from rocky_kernel.kernel(release)


def devels(os_name: str, root: Path) -> list[Rpm]:
    """``kernel-devel`` for each of these kernels."""
    return [rocky_kernel.devel(release, root) for release in _data()[os_name]["kernels"]]


def compilers(os_name: str) -> list[Rpm]:
    """gcc, the system's own and a toolset's: links to Debian's gcc 11."""
    row = _data()[os_name]
    version, release = row["gcc"].split("-", 1)
    toolset = f"gcc-toolset-{row['toolset']}-gcc"
    there = f"/opt/rh/gcc-toolset-{row['toolset']}/root/usr/bin"
    exactly = f" = {version}-{release}"
    links = {
        ("gcc", "/usr/bin"): {"gcc": "gcc-11", "cc": "gcc-11"},
        ("gcc-c++", "/usr/bin"): {"g++": "g++-11", "c++": "g++-11"},
        (toolset, there): {"gcc": "gcc-11"},
        (f"{toolset}-c++", there): {"g++": "g++-11"},
    }
    return [
        Rpm(
            name,
            version if folder == "/usr/bin" else f"{row['toolset']}.2.1",
            release,
            tags={"Requires": (f"gcc{exactly}",)} if name == "gcc-c++" else {},
            files={f"{folder}/{n}": File(link=f"/usr/bin/{to}") for n, to in tools.items()},
        )
        for (name, folder), tools in links.items()
    ]


def dkms(major: str, root: Path) -> Rpm:
    """EPEL's dkms: the same upstream program, out of Debian's package."""
    aside = root / _ASIDE / "dkms"
    wanted = ("usr/sbin/dkms", "etc/dkms/framework.conf", "usr/lib/dkms/dkms_autoinstaller")
    hook = (
        "#!/bin/sh\n# As EPEL's dkms: a module for each kernel that is added.\n"
        'case "$1" in add) dkms autoinstall --kernelver "$2" || : ;; esac\n'
    )
    return Rpm(
        "dkms",
        "3.0.10",
        f"1.el{major}",
        arch="noarch",
        tags={"Requires": ("gcc", "make", "patch", "kmod", "elfutils-libelf-devel")},
        files={
            **{
                f"/{name}": File(
                    source=str(aside / name),
                    digest=hashlib.sha256((aside / name).read_bytes()).hexdigest(),
                )
                for name in wanted
            },
            "/usr/lib/kernel/install.d/40-dkms.install": File(hook, 0o755),
        },
    )


def _named(repository: str) -> list[Rpm]:
    rows = _data()["repositories"][repository]
    return [_stub(name, "1.0", "1", Requires=tuple(needs)) for name, needs in rows.items()]


def _stub(name: str, version: str, release: str, **tags: tuple[str, ...]) -> Rpm:
    return Rpm(name, version, release, arch="noarch", tags=tags)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data
