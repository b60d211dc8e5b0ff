"""Docker's images of one name on the host.

.. code:: console

    pyinfra inventories/lab.py fact facts.images.Images repository=pytorch-cuda
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.images import ImageState, parse
from facts.parse.sections import ProbeError
from facts.script import as_root, text


class Images(FactBase[ImageState]):
    """Docker, its images of one name, its room, and a file that one was saved in.

    + repository: name of the image, without a tag
    + file: absolute path of a tar file that is asked about
    + base: reference of an image whose layers are asked about
    """

    @override
    def command(self, repository: str = "pytorch-cuda", file: str = "", base: str = "") -> str:
        return as_root(text("images"), (repository, file, base))

    @override
    def process(self, output: list[str]) -> ImageState:
        try:
            return parse(output)
        except ProbeError as error:
            raise FactProcessError(str(error)) from error
