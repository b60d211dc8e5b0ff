"""An environment file for the system toolkit that nobody loads who did not ask for it."""

from __future__ import annotations

from stacks.model.plan import Plan
from tasks.cuda.environment_file import text
from tasks.layout import ENVIRONMENT
from tasks.steps import files
from tasks.steps.step import Commands, host_state, step, write


@step
def offered(plan: Plan) -> Commands:
    """Write the opt-in file; no profile, no ld.so.conf entry and no global variable."""
    if plan.cuda is None and (plan.cudnn is None or plan.cudnn.packages):
        return
    content = text(plan)
    if not files.differs(host_state(), ENVIRONMENT, content):
        return
    yield write(ENVIRONMENT, content)
