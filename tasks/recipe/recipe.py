"""From the plan to all that Docker needs to build the image. Pure: one plan gives one text."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import facts
import image
from stacks.catalog.read import load_catalog
from stacks.model.image import ImagePlan
from tasks.cuda import environment_file
from tasks.layout import CUDNN, CURRENT
from tasks.packages.apt import FETCH_TOOLS
from tasks.python import lock_parts
from tasks.recipe import inputs
from tasks.templates import render

EPOCH = 1735689600
"""The date of every file that a build makes, in seconds: 2025-01-01. Two builds differ by none."""
DEV = "/dev/gpuwright"
"""Where a step's own files are mounted while it runs."""
BUNDLE = "bundle"
"""Folder of the context with what a build from a bundle would else fetch, by step."""
DEBS = "debs"
"""The one below it that all steps with apt share: a flat repository."""
PROGRAMS = {
    # name → (module, interpreter); two programs of one module are its functions
    "entrypoint": ("entrypoint", "/usr/bin/python3"),
    "services": ("services", "/usr/bin/python3"),
    "healthcheck": ("health", "/usr/bin/python3"),
    "jupyter-token": ("jupyter_token", "/usr/bin/python3"),
    "pip": ("installing", "/usr/bin/python3"),
    "uv": ("installing", "/usr/bin/python3"),
    "selftest": ("selftest", f"{CURRENT}/bin/python"),
    "measure": ("measure", f"{CURRENT}/bin/python"),
    "burn-in": ("burn_in", f"{CURRENT}/bin/python"),
    "versions": ("versions", f"{CURRENT}/bin/python"),
}
JUPYTER = {
    "ServerApp": {"open_browser": False, "root_dir": "/workspace", "allow_remote_access": True},
    # Nobody inside updates what the image fixes; asking outside for it would only tell on us.
    "LabApp": {"check_for_updates_class": "jupyterlab.NeverCheckForUpdate"},
}
PROFILE = """\
# A login shell's own start-up file has just set another PATH.
case ":$PATH:" in
*:{env}/bin:*) ;;
*)
    export PATH="{env}/bin:/opt/gpuwright/bin:$PATH"
    PATH="$PATH:$HOME/.local/share/gpuwright/python{python}/bin"
    ;;
esac
"""


@dataclass(frozen=True)
class Recipe:
    """A build's context, without the uv binary that is laid beside it."""

    plan: ImagePlan
    files: Mapping[str, str]
    """Path in the context to text."""
    uid: int
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over all that goes in: plan, locks, programs, steps, uid."""
        body = json.dumps([self.uid, sorted(self.files.items())])
        return hashlib.sha256(body.encode()).hexdigest()

    @property
    def name(self) -> str:
        """``pytorch-cuda:v2.9``: moves with each new image."""
        return f"{self.plan.name}:{self.plan.tag}"

    @property
    def exact_name(self) -> str:
        """``pytorch-cuda:v2.9-3f2a…`` (12 digits of the digest): never moves."""
        return f"{self.name}-{self.digest[:12]}"

    def archive(self) -> bytes:
        """The context as a tar file; dates and owners are fixed."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, text in sorted(self.files.items()):
                data = text.encode()
                entry = tarfile.TarInfo(path)
                entry.size, entry.mtime = len(data), EPOCH
                entry.mode = 0o755 if path.startswith("files/opt/gpuwright/bin/") else 0o644
                archive.addfile(entry, io.BytesIO(data))
        return buffer.getvalue()


def recipe_of(plan: ImagePlan, lock: str, services: str, uid: int = 1000) -> Recipe:
    """The recipe of this plan.

    Args:
        plan: What the resolver decided.
        lock: Text of the torch lock.
        services: Text of the lock of JupyterLab and TensorBoard.
        uid: Of the user that containers run as where nobody says otherwise.

    Raises:
        ValueError: A lock is none.
    """
    needs, torch = lock_parts.parts(lock)
    labels = _labels(plan, lock + services)
    values = {
        "plan": plan,
        "cuda": plan.cuda,
        "cudnn": plan.cudnn,
        "link": CUDNN,
        "dev": DEV,
        "env": CURRENT,
        "epoch": EPOCH,
        "uv": f"{DEV}/uv",
        "python": f"/usr/bin/python{plan.torch.python}",
        "omitted": load_catalog().image.omitted,
        "uv_environment": _UV,
        "uv_version": importlib.metadata.version("uv"),
        "fetch_tools": FETCH_TOOLS,
        "apt_steps": inputs.APT_STEPS,
        "file_steps": inputs.FILE_STEPS,
        "fetch_steps": tuple(inputs.tarballs(plan)),
    }
    named = ", ".join(f"{name} {version}" for name, version in plan.service.packages.items())
    files = {
        "Dockerfile": render("Dockerfile.j2", labels=labels, services=named, **values),
        # Filled by a build from a bundle; there in every build, so that all have one recipe.
        **{f"{BUNDLE}/{name}/none": "" for name in (DEBS, *inputs.FILE_STEPS)},
        "mounted/hosts": "",
        "mounted/resolv.conf": "",
        "needs.txt": needs,
        "services.txt": "".join(lock_parts.entries(services).values()),
        "torch.txt": torch,
        "steps/system.sh": render(
            "steps/system.sh.j2", packages=inputs.asks(plan)["system"].names, **values
        ),
        "steps/user.sh": render("steps/user.sh.j2", **values),
        **_inside(plan, labels),
        **_layer(plan, lock_parts.versions(lock) | lock_parts.versions(services)),
    }
    for part in ("needs", "services", "torch"):
        files[f"steps/{part}.sh"] = render(
            "steps/wheels.sh.j2", lock=f"{DEV}/{part}.txt", first=part == "needs", **values
        )
    if plan.cuda:
        names = [*inputs.cuda_packages(plan), *plan.cuda.compiler_packages]
        files["steps/cuda.sh"] = render("steps/cuda.sh.j2", apt_names=names, **values)
    if plan.cudnn:
        files["steps/cudnn.sh"] = _cudnn(plan, values)
    return Recipe(plan, files, uid, labels)


_UV = f"""\
export UV_CACHE_DIR={DEV}/cache UV_LINK_MODE=copy UV_HTTP_TIMEOUT=120 UV_HTTP_RETRIES=5
export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never UV_NO_CONFIG=1
[ ! -s {DEV}/fetch.sh ] || . {DEV}/fetch.sh"""


def _cudnn(plan: ImagePlan, values: Mapping[str, object]) -> str:
    assert plan.cudnn is not None
    return render(
        "steps/cudnn.sh.j2",
        major=plan.cudnn.version.split(".")[0],
        release=".".join(plan.cudnn.version.split(".")[:3]),
        cuda_major=plan.cuda.version.split(".")[0] if plan.cuda else "11",
        **values,
    )


def _inside(plan: ImagePlan, labels: Mapping[str, str]) -> dict[str, str]:
    """The small files of the image, by their path in the context."""
    known = {key.removeprefix("gpuwright."): value for key, value in labels.items()}
    files = {
        "opt/gpuwright/plan.json": json.dumps(known, indent=2, sort_keys=True) + "\n",
        "etc/jupyter/jupyter_server_config.json": json.dumps(JUPYTER, indent=2) + "\n",
        "etc/profile.d/gpuwright.sh": PROFILE.format(env=CURRENT, python=plan.torch.python),
    }
    if plan.cuda or plan.cudnn:
        files["opt/gpuwright/etc/cuda.sh"] = environment_file.text(plan)
    for name, (module, python) in PROGRAMS.items():
        call = name if module == "installing" else "main"
        files[f"opt/gpuwright/bin/{name}"] = (
            f"#!{python} -I\nimport sys\n\nsys.path.insert(0, '/opt/gpuwright/lib')\n"
            f"from image.programs.{module} import {call}\n\nsys.exit({call}())\n"
        )
    here = Path(image.__file__).parent
    # A benchmark brings its own: an image must not change with what measures it.
    own = sorted(p for p in (here / "programs").glob("*.py") if not p.name.startswith("benchmark"))
    for path in (here / "__init__.py", *own):
        files[f"opt/gpuwright/lib/image/{path.relative_to(here)}"] = path.read_text()
    for name in ("cuda_call", "torch_runtime"):
        path = Path(facts.__file__).parent / "onhost" / f"{name}.py"
        files[f"opt/gpuwright/lib/{name}.py"] = path.read_text()
    return {f"files/{path}": text for path, text in files.items()}


def _layer(plan: ImagePlan, versions: Mapping[str, str]) -> dict[str, str]:
    """What joins the locked environment and what its user adds: image/programs/layer.py."""
    here = Path(image.__file__).parent
    start = "opt/gpuwright/lib/start"
    files = {
        "opt/gpuwright/constraints.txt": "".join(
            f"{n}=={v}\n" for n, v in sorted(versions.items())
        ),
        f"{CURRENT.lstrip('/')}/lib/python{plan.torch.python}/site-packages/gpuwright.pth": (
            f"/{start}\nimport gpuwright_start\n"
        ),
        f"{start}/gpuwright_start.py": (here / "programs" / "on_start.py").read_text(),
        # For `python -m pip`, which notebooks use as well.
        f"{start}/pip/__init__.py": "",
        f"{start}/pip/__main__.py": (
            "import os\nimport sys\n\nos.execv('/opt/gpuwright/bin/pip', ['pip', *sys.argv[1:]])\n"
        ),
    }
    return {f"files/{path}": text for path, text in files.items()}


def _labels(plan: ImagePlan, locks: str) -> dict[str, str]:
    labels = {
        "gpuwright.stack": plan.stack,
        "gpuwright.plan": plan.digest,
        "gpuwright.locks": hashlib.sha256(locks.encode()).hexdigest(),
        "gpuwright.torch": f"{plan.torch.version}+{plan.torch.variant}",
        "gpuwright.cuda": plan.torch.cuda,
        "gpuwright.cudnn": plan.torch.cudnn,
        "gpuwright.python": plan.torch.python,
    }
    if plan.cuda:
        labels["gpuwright.system_cuda"] = plan.cuda.release
    if plan.cudnn:
        labels["gpuwright.system_cudnn"] = plan.cudnn.version
    return labels
