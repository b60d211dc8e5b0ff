"""An example fleet to copy: change names and addresses, and run it.

Like this:

    pyinfra inventories/lab.py deploys/gpu_host.py

Each host is a name, or a pair of a name and its data. A list is a group; what holds for a whole
group can be in group_data/<group>.py instead. A name that starts with an underscore is no
group.
"""

# What all hosts of this lab share.
_lab = {
    "ssh_user": "admin",  # with sudo; root works too. Its password: --use-sudo-password
    "ssh_key": "~/.ssh/id_ed25519",
    # Unknown host keys are refused. Collect them once, and compare the fingerprints:
    #   ssh-keyscan -H gpu1.example.org >> ~/.ssh/known_hosts
    "ssh_strict_host_key_checking": "yes",
}

# Training nodes: all the defaults of group_data/all.py.
training = [
    ("gpu1.example.org", {**_lab}),
    ("gpu2.example.org", {**_lab}),
]

# A group with requests of its own.
inference = [
    (
        "t4.example.org",
        {
            **_lab,
            "stack": "pytorch-2.9",  # python -m stacks list
            # A package mirror near the host. It changes addresses, never trust: every file is
            # checked against the hash in stacks/locks/.
            # "mirrors": {"pypi": "https://mirror.example.org/simple"},
            # Requests over the stack; python -m stacks explain shows what each one leads to.
            # "driver_branch": "535",
            # "driver_flavour": "proprietary",
            # "cuda_origin": "redist",
            # "without": ["cuda"],  # PyTorch and its driver only
            # Patience, in seconds, while another program holds the package manager.
            # "lock_wait": 600,
        },
    ),
]

# An image that is baked before its GPU is attached: say which one will come.
images = [
    ("builder.example.org", {**_lab, "expected_gpus": "h100:8"}),
]
