"""The PyTorch image on a container host: built, loaded or pulled, tagged, and tested there.

    pyinfra inventories/lab.py deploys/image.py

A second run changes nothing. Host data that matters here: ``stack``, ``mirrors``, ``image_from``
(build, tar, registry), ``image_tar``, ``image_registry``, ``image_push``, ``image_save``,
``image_uid``, ``image_apt``, ``bundle`` (a folder that ``deploys/bundle.py`` filled: the build then
needs no network) and the requests ``image_base`` and ``image_cuda``; ``--data rollback=1``
goes back to the image before the newest; ``gate`` wants a host that has passed
``deploys/verify.py``. What is in it: ``docs/image.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.acceptance import gate
from tasks.containers import engine_verdict as container_host
from tasks.image import image_opening, image_verdict, store, summary

work = image_opening.for_this_host() if gate.passed(summary) else None

if work is not None:
    store.tools(work=work, name="Docker's builder and zstd")
    store.uv_pushed(work=work, name="uv for the build")
    store.bundle_sent(work=work, name="Files of the bundle")
    store.present(work=work, name="Image")
    store.tagged(work=work, name="Tag")
    store.saved(work=work, name="Saved as a file")
    store.pushed(work=work, name="Pushed to the registry")
    image_verdict.report_verdict(work=work, name="Verdict")
    if container_host.waits_for_an_image():
        container_host.again(name="GPUs in a container")
