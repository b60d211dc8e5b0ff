"""A dnf repository's metadata, made and signed with the real tools."""

import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from sandbox.commands import run
from sandbox.doubles.signing import Signer


def write(
    folder: Path,
    files: Iterable[Path],
    signer: Signer,
    key: str,
    modules: str = "",
    expired: bool = False,
) -> None:
    """Put signed copies of the packages into `folder`, and an index over them.

    `modules` is module metadata as createrepo's documentation calls it: YAML documents.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A key that has ended signs nothing, unless the clock says that it has not.
    then = int(time.time()) - 2 * 86400 + 60
    clock = f"--faked-system-time={then}" if expired else "%{nil}"
    copies = [shutil.copy(file, folder / file.name) for file in files]
    if copies:
        run(
            *("rpmsign", "--addsign", "--define", f"_gpg_name {key}"),
            *("--define", f"_gpg_path {signer.home}", "--define", "_gpg_digest_algo sha256"),
            # Debian's rpm names no gpg.
            *("--define", "__gpg /usr/bin/gpg"),
            *("--define", f"_gpg_sign_cmd_extra_args {clock}"),
            *map(str, copies),
        )
    run("createrepo_c", "--quiet", "--no-database", "--simple-md-filenames", str(folder))
    index = folder / "repodata"
    if modules:
        described = folder / "modules.yaml"
        described.write_text(modules)
        run("modifyrepo_c", "--mdtype=modules", "--simple-md-filenames", str(described), str(index))
        described.unlink()
    signer.detach(key, index / "repomd.xml", index / "repomd.xml.asc", expired)
