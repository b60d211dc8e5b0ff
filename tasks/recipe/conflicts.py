"""What speaks against an image, of the host's Docker and of the plan. Pure."""

from __future__ import annotations

from facts.parse.images import ImageState
from stacks.catalog.read import load_catalog
from stacks.model.image import ImagePlan
from stacks.model.messages import Conflict
from stacks.rules import elsewhere
from tasks.deploy import CONTAINER_HOST

DEBIAN = ("debian-", "ubuntu-")


def docker(state: ImageState) -> list[Conflict]:
    """IMAGE-NO-DOCKER: there is nobody to ask."""
    if state.server:
        return []
    return [
        Conflict(
            "IMAGE-NO-DOCKER",
            "there is no Docker that answers on this host",
            state.why or "docker version gives no version",
            (
                f"pyinfra INVENTORY {CONTAINER_HOST}",
                "or start it: systemctl start docker",
            ),
            "the host's docker version",
        )
    ]


def of_plan(plan: ImagePlan) -> list[Conflict]:
    """What the build's steps cannot do."""
    found = []
    if not plan.os.startswith(DEBIAN):
        home = elsewhere.called(load_catalog().image.bases.default)
        found.append(
            Conflict(
                "IMAGE-OS",
                f"no image can be made on {plan.os}",
                "the steps of the build use apt",
                (f"omit image_base: {home} runs on every host that has Docker",),
                "image/steps",
            )
        )
    for name, part in (("CUDA", plan.cuda), ("cuDNN", plan.cudnn)):
        if part is not None and part.origin in ("nvidia", "ubuntu"):
            found.append(
                Conflict(
                    "IMAGE-ORIGIN",
                    f"{name} {part.version} for the image comes from a repository of packages",
                    f"origin {part.origin}: the build knows Debian's archive, wheels and tarballs",
                    (f"host data {name.lower()}_origin: redist", "image_cuda: none"),
                    "image/steps",
                )
            )
    if not plan.service.locked:
        found.append(
            Conflict(
                "LOCK-MISSING",
                f"there is no hash lock {plan.service.lock} for JupyterLab and TensorBoard",
                "an image is built from hashes alone",
                (f"python -m stacks lock {plan.stack}",),
                "stacks/locks",
            )
        )
    return found
