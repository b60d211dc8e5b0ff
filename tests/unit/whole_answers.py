"""Whole answers of every fact, with a line of each kind: what `mutated` starts from."""

from __future__ import annotations

import base64
import json

from facts.parse import sections
from tests.unit.facts import golden_hosts

ID = "sha256:" + "ab" * 32
DAEMON_JSON = """\
{
  "runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}},
  "features": {"cdi": true},
  "registry-mirrors": ["https://mirror.example.org"],
  "cdi-spec-dirs": ["/etc/cdi"]
}""".splitlines()
CONTAINERS = """\
containers
@docker
/usr/bin/docker
@podman
yes
@/etc/docker/daemon.json
{"features": {"cdi": true}}
@/etc/docker/daemon.json.bak
{"log-driver": "local"}
@no_cgroups
no-cgroups = true
cdi
@/etc/cdi/nvidia.yaml
cdiVersion|'0.7.0'
path|/dev/nvidia0
major|195
hostPath|/usr/lib/libcuda.so.1.2
library|/usr/lib/libnvidia-ml.so.1.3
"""
_INFO = {"ServerVersion": "20.10.24", "Runtimes": {"runc": {}}, "SecurityOptions": ["name=seccomp"]}
ENGINES = f"""\
nodes
@nodes
/dev/nvidiactl|195|255|yes
docker_daemon
@group
ana,ben
@info
{json.dumps(_INFO)}
@started
1700000000
@images
base:1
@running
/busy|base:1|runc|[{{"Count": -1}}]
engine_settings
@/etc/containerd/config.toml
version = 2
@podman_images
docker.io/library/debian:bookworm
@sums
00ff  /etc/docker/daemon.json
@users
ana|1000|/home/ana|yes||yes|1000
"""
EVIDENCE = """\
build_logs
@/var/lib/dkms/nvidia/1/build/make.log
DKMS make.log for nvidia-1 for kernel 6.1.0-56-amd64 (x86_64)
x.c:1: error: a
kernel_log
@uptime
100.5
@lines
[    4.5] NVRM: loading NVIDIA UNIX
headers
6.1.0-56-amd64|/usr/src/gone|?
initramfs
6.1|/boot/initrd.img-6.1|usr/lib/nvidia.ko|10|yes|12
loading
@majors
195 nvidia
@nodes
/dev/nvidia-uvm|511|0|yes
@gsp
/lib/firmware/nvidia/535.1/gsp_ga10x.bin
@blocks
blacklist nvidia
holders
@names
abcdef trainer
@pids
42|python|abcdef
daemons
@fabric
failed
@smi
GPU 0: NVIDIA H100 (UUID: GPU-1)
@smi_exit
0
packages
@broken
E: x
@upgrades
Upgrade: nvidia-driver
"""
WORKSPACES = f"""\
users
user|alice|1001|1001|1001,27|/home/alice
code|alice|no|/srv/code
ports
@listeners
LISTEN 0 511 0.0.0.0:8888 0.0.0.0:* users:(("nginx",pid=813,fd=6))
docker
@version
20.10.24
@limits
false|true
@most_locked
8388608
@images
{ID}|pytorch-cuda:v2.9
@published
web|0.0.0.0:80->8080/tcp, 127.0.0.1:9000-9001->1-2/tcp
@names
gpuwright-workspace-alice
@containers
/gpuwright-workspace-alice|alice|0123|0,1|{ID}|running|healthy|2
workspaces
@alice
token|1001 400 43
keys|aa
home|1001
unit|active|enabled
record|{{"images": [{{"id": "sha256:1"}}]}}
gpus
@list
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11)
  MIG 1g.10gb     Device  0: (UUID: MIG-22)
"""
HANDMADE = """\
pytorch
@site /opt/conda/envs/x/lib/python3.12/site-packages
conda
packages 330
torch-2.5.1.dist-info
torchvision-0.20.1.dist-info
pytorch-2.5.1-py3.12_cuda12.4_cudnn9.1.0_0.json
@site /opt/ml/lib/python3.11/site-packages
venv
packages 40
torch-2.9.1+cu128.dist-info
nvidia_cuda_runtime_cu12-12.8.90.dist-info
nccl
/etc/nccl.conf:1:NCCL_IB_DISABLE=1
/etc/environment:7:export NCCL_SOCKET_IFNAME="=eth0"
"""
ANSWERS = """\
answers
@alice
lab|200
without|403
with|200
tensorboard|200
ssh|SSH-2.0-OpenSSH_9.2
gpus|1
log|a line
"""
REPOSITORY = """\
repository 0
@key
QUJD
@label
NVIDIA CUDA
@offer
libcudnn8|8.9.7.29-1+cuda11.8
"""
IMAGES = f"""\
record {base64.b64encode(b'{"name": "pytorch-cuda"}').decode()}
zstd yes
file 12345
file_of {ID}
file_free_mb 100
var_free_mb 100
version 20.10.24 20.10.24
root /var/lib/docker
root_free_mb 100
same_disk yes
buildx yes
base_layers ["{ID}"]
image pytorch-cuda:v2.9 {ID}
end""".splitlines()
CUDA = {"code": 0, "count": 1, "devices": [{"index": 0, "name": "H100", "memory_ok": 1}]}
TORCH = {
    "version": "2.9.1",
    "cudnn": 91002,
    "arch_list": ["sm_90"],
    "available": True,
    "driver": {"code": 0, "cuda": "12.8"},
    "errors": {"a": "b"},
    "ld_library_path": "/x",
}
NVML = {"driver": "535.1", "gpus": [{"index": 0, "pci": "00000000:17:00.0", "power_w": 70.5}]}
SELFTEST = [
    json.dumps({"verdict": "OK", "proof": "p", "faults": ["f"], "notes": ["n"]}),
    "status 0",
]


def framed(body: str) -> list[str]:
    """An answer in the frame of ``frame.sh``: part titles begin with @, sections stand alone."""
    lines = body.splitlines()
    names = {
        *("containers", "cdi", "nodes", "docker_daemon", "engine_settings", "build_logs"),
        *("kernel_log", "headers", "initramfs", "loading", "holders", "daemons", "packages"),
        *("users", "ports", "docker", "workspaces", "gpus", "answers", "repository 0", "proof"),
    }
    marked = [f"##N {line}" if line in names or line[:1] == "@" else line for line in lines]
    return ["##gpuwright-probe 1 N", *marked, "##N end"]


def program(said: object) -> list[str]:
    """An answer of a program that a fact sends."""
    return ["##gpuwright-note /usr/bin/python3", f"##gpuwright-json {json.dumps(said)}"] + [
        "##gpuwright-exit 0"
    ]


def proof() -> list[str]:
    """What a container with the GPUs answers."""
    body = "proof\n@said\n@started\ntrue\n@before\nGPU 0: a\n@after\nGPU 0: a\n@cuda"
    return framed("\n".join([body, *program(CUDA)]))


def short_host(name: str) -> list[str]:
    """A real host's answer with three lines of each part: every kind of line is met sooner."""
    whole, kept, run = golden_hosts.lines(name), [], 0
    mark = next(f"##{s.split()[-1]} " for s in whole if s.startswith(sections.MAGIC))
    for line in whole:
        run = 0 if line.startswith(mark) else run + 1
        if run <= 3 or line.startswith(sections.MAGIC) or name.startswith("debian-12-grub"):
            kept.append(line)
    return kept
