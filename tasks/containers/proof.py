"""Installed and proven are two things: does a container get the GPUs? Pure."""

from __future__ import annotations

import re

from facts.engine_model import ContainerAnswer, Engines
from facts.model.host import HostState
from stacks.model.containers import CDI_ASK, EnginePlan
from stacks.model.plan import Plan
from tasks.containers import cdi_state, docker_change
from tasks.deploy import again
from tasks.driver.state import library_version
from tasks.finding import Finding
from tasks.hostdata.containers import ContainerSettings
from tasks.verify.proof import Proof

_GPU = re.compile(r"/dev/nvidia\d+")
_OURS = "pytorch-cuda:"


def tool(plan: Plan) -> str | None:
    """The program that starts a container here: ``docker``, ``podman``; None: none that we use."""
    engines = [e.engine for e in plan.containers.engines] if plan.containers else []
    return next((name for name in ("docker", "podman") if name in engines), None)


def image(engines_state: Engines, plan: Plan, settings: ContainerSettings) -> str | None:
    """The image to prove it with: the one of host data, else our own if it is loaded."""
    here = _images(engines_state, plan)
    if settings.proof_image:
        return settings.proof_image
    return next((name for name in sorted(here) if name.split("/")[-1].startswith(_OURS)), None)


def _images(engines_state: Engines, plan: Plan) -> tuple[str, ...]:
    """Images that this plan's tool has."""
    if tool(plan) == "podman":
        return engines_state.podman_images
    return engines_state.docker.images if engines_state.docker else ()


def has_image(engines_state: Engines, plan: Plan, settings: ContainerSettings) -> bool:
    """Whether the image to prove it with is here."""
    wanted = image(engines_state, plan, settings)
    return wanted is not None and (
        not settings.proof_image or _is_here(_images(engines_state, plan), wanted)
    )


def ask(plan: Plan) -> tuple[str, ...]:
    """Words by which this plan's tool gives a container all GPUs."""
    assert plan.containers is not None
    return plan.containers.ask if tool(plan) == "docker" else CDI_ASK


def gpus(engines_state: Engines) -> int:
    """GPUs that the driver has made device files for."""
    return sum(1 for node in engines_state.nodes if _GPU.fullmatch(node.path))


def none(engines_state: Engines, plan: Plan, settings: ContainerSettings) -> Proof | None:
    """Why no container is started; None: one can be."""
    if not cdi_state.driver_is_up(engines_state) or not gpus(engines_state):
        return Proof(
            "none (the driver has no device files here: no container can be given a GPU; CDI's "
            "spec is written when it is loaded)"
        )
    if tool(plan) is None:
        return Proof("none (containerd alone has no program that this tool starts containers by)")
    wanted = image(engines_state, plan, settings)
    if wanted is None:
        return Proof(
            "none (no image is here to start; name one that is: proof_image in the host's data)"
        )
    if not has_image(engines_state, plan, settings):
        return Proof(
            f"none (the image {wanted} of host data proof_image is not on this host: {tool(plan)} "
            f"pull {wanted})"
        )
    return None


def _is_here(here: tuple[str, ...], wanted: str) -> bool:
    """Whether an image is here; one named by its digest or id is taken at its word.

    podman lists short names with the registry before them.
    """
    whole = wanted if ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    return "@" in wanted or any(name == whole or name.endswith(f"/{whole}") for name in here)


def depends_on(
    state: HostState, engines_state: Engines, plan: Plan, settings: ContainerSettings
) -> str:
    """What a proof holds for: when one of these changes, it is recreated."""
    docker, assume = engines_state.docker, plan.containers
    parts = (
        state.system.boot_id,
        library_version(state),
        state.driver.loaded,
        docker.version if docker else "",
        docker.started if docker else "",
        *(_version(state, engine) for engine in (assume.engines if assume else ())),
        assume.toolkit.version if assume else "",
        " ".join(ask(plan)) if assume else "",
        engines_state.sums.get("/etc/docker/daemon.json", ""),
        image(engines_state, plan, settings),
        gpus(engines_state),
    )
    return "; ".join(str(part) for part in parts)


def _version(state: HostState, engine: EnginePlan) -> str:
    package = state.packages.get(engine.packages[0])
    return package.version if package else ""


def judged(
    engines_state: Engines, plan: Plan, settings: ContainerSettings, answer: ContainerAnswer
) -> Proof:
    """What a container's answer proves."""
    words = f"{tool(plan)} run {' '.join(ask(plan))} {image(engines_state, plan, settings)}"
    if not answer.started:
        return _failed("does not start", answer.said or "no reason was given", words)
    listed = [line for line in answer.before if line.startswith("GPU ")]
    if not listed:
        said = " ".join(answer.before)[:300] or "nvidia-smi printed nothing"
        return _failed("does not see a GPU", said, words)
    if len(answer.gpus) < len(listed):
        return Proof(
            "none (a container loses its GPUs at systemctl daemon-reload)",
            (
                Finding(
                    "C2",
                    "CRITICAL",
                    "a container loses its GPUs when systemd reads its units again",
                    f"{len(listed)} GPUs before systemctl daemon-reload, {len(answer.gpus)} after: "
                    + " ".join(answer.after)[:200],
                    f"{again(plan)}, and start containers by its words ("
                    + words
                    + "); those that run must be recreated",
                    "containers that use the GPU",
                ),
            ),
        )
    if len(listed) < gpus(engines_state):
        return _failed(
            f"sees {len(listed)} of {gpus(engines_state)} GPUs", "; ".join(listed)[:300], words
        )
    return Proof(_proven(answer, listed))


def _proven(answer: ContainerAnswer, listed: list[str]) -> str:
    names = sorted({line.split(":", 1)[-1].split("(")[0].strip() for line in listed})
    seen = f"{len(listed)} × {', '.join(names)}, still there after systemctl daemon-reload"
    if answer.cuda is not None and answer.cuda.works:
        return f"container ({seen}; {answer.cuda.sentence})"
    why = answer.cuda.sentence if answer.cuda else "no CUDA call was made"
    return f"container (nvidia-smi lists {seen}; not proven is CUDA: {why})"


def _failed(what: str, observed: str, words: str) -> Proof:
    return Proof(
        f"none (a container with the GPUs {what})",
        (
            Finding(
                "CONTAINER-GPU",
                "CRITICAL",
                f"a container that is given the GPUs {what}",
                f"{words}: {observed}",
                f"try it yourself: {words} nvidia-smi -L; pyinfra INVENTORY "
                "deploys/driver_doctor.py names what it sees",
            ),
        ),
    )


def engine_words(state: HostState, engines_state: Engines, plan: Plan) -> dict[str, str]:
    """Engine and toolkit as they are, for the report's columns."""
    if plan.containers is None:
        return {}
    names = []
    for engine in plan.containers.engines:
        if engine.engine == "docker" and docker_change.docker_of(plan) is not None:
            down = "does not run" if engines_state.engine.docker else "none"
            names.append(
                "Docker "
                f"{engines_state.docker.version.split('+')[0] if engines_state.docker else down}"
            )
        else:
            package = state.packages.get(engine.packages[0])
            there = package.version.split("-")[0] if package and package.installed else "none"
            names.append(f"{engine.engine} {there}")
    toolkit = state.packages.get("nvidia-container-toolkit")
    spec = next((one for one in engines_state.engine.cdi if one.file == cdi_state.SPEC), None)
    return {
        "engine": "\n".join(names),
        "toolkit": (toolkit.version if toolkit and toolkit.installed else "none")
        + f"\n{'CDI ' + (spec.format or '?') if spec else 'no CDI spec'}",
    }
