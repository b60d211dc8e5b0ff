"""The machine that Packer has started: who it is comes from `packer/pyinfra.sh`."""

import os as _os

_folder = _os.environ["BUILD_FOLDER"]

images = [
    (
        _os.environ["BUILD_HOST"],
        {
            "ssh_port": int(_os.environ["BUILD_PORT"]),
            "ssh_user": _os.environ["BUILD_USER"],
            "ssh_key": f"{_folder}/key",
            "ssh_known_hosts_file": f"{_folder}/known_hosts",
            "ssh_strict_host_key_checking": "yes",
            "stack": "pytorch-2.9",
            "reboot": "if-needed",
            # The GPUs that are not here yet.
            "expected_gpus": _os.environ["EXPECTED_GPUS"],
        },
    ),
]
