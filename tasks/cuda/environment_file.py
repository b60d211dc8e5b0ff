"""The text of the environment file for shells that want CUDA 11.8. Pure."""

from __future__ import annotations

from stacks.model.image import ImagePlan
from stacks.model.plan import Plan
from tasks.layout import CUDNN, ENVIRONMENT
from tasks.steps import files
from tasks.templates import render


def text(plan: Plan | ImagePlan) -> str:
    """The file for this plan.

    LD_LIBRARY_PATH is set here and only here, at its end: torch's libraries carry DT_RPATH, which
    the loader asks first (ld.so(8)), so they keep their own CUDA even in this shell.
    """
    # Packages put cuDNN where every compiler and the loader look anyway.
    cudnn = None if plan.cudnn and plan.cudnn.packages else plan.cudnn
    folders = [plan.cuda.compat] if plan.cuda and plan.cuda.compat else []
    if plan.cuda and plan.cuda.prefix.startswith("/usr/local"):
        folders.append(f"{plan.cuda.prefix}/lib64")
    if cudnn:
        folders.append(f"{CUDNN}/lib")
    return render(
        "environment.sh.j2",
        header=files.HEADER,
        path=ENVIRONMENT,
        cuda=plan.cuda,
        cudnn=cudnn,
        cudnn_link=CUDNN,
        library_folders=folders,
    )
