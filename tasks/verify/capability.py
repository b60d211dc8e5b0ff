"""GPUs that nobody knew when the plan was made, once their driver tells what they are. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from facts.model.host import HostState
from stacks.model.plan import Plan
from stacks.rules.case import numbers
from stacks.rules.torch_refusals import runs_on
from tasks.finding import Finding


def told_after(state: HostState, plan: Plan) -> Iterator[Finding]:
    """What does not fit such a GPU, of what this run has installed before its driver was loaded.

    The codes are those with which the next run's plan refuses or is made anew. Cards that the
    catalogue knows, or that host data name, were judged in the plan.
    """
    for gpu in plan.gpus:
        sm = state.driver.capabilities.get(gpu.address or "")
        if gpu.model or sm is None:
            continue
        observed = f"its driver tells the compute capability {sm} for {gpu.address}"
        codes = [numbers(code) for code in plan.cuda.sm] if plan.cuda else []
        if plan.cuda and codes and not min(codes) <= numbers(sm) <= max(codes):
            yield Finding(
                "GPU-118-OLD" if numbers(sm) < min(codes) else "GPU-118-BLACKWELL",
                "WARN",
                f"CUDA {plan.cuda.version} cannot compile for the GPU 10de:{gpu.pci_id}",
                f"{observed}, and the toolkit is for {plan.cuda.sm[0]} to {plan.cuda.sm[-1]}; "
                "before the driver was loaded nobody knew it",
                "write `without: [cuda]` into the host data, else the next run refuses this host; "
                "what is installed stays",
            )
        if plan.torch and not runs_on([numbers(code) for code in plan.torch.sm], numbers(sm)):
            yield Finding(
                "TORCH-NO-SM",
                "WARN",
                f"PyTorch {plan.torch.version}+{plan.torch.variant} has no code for the GPU "
                f"10de:{gpu.pci_id}",
                f"{observed}, and the wheel has code for {', '.join(plan.torch.sm)}; before the "
                "driver was loaded nobody knew it",
                "run the same deploy again: it takes a build that has, or says which stack has one",
            )
