# An image of a GPU host, baked on a machine that has no GPU. From the root of the checkout:
#
#     make env && . .venv/bin/activate
#     export CHECKPOINT_DISABLE=1                  # Packer asks its maker for news otherwise
#     python -m tasks.pull archive --out packer/gpuwright.tar.xz
#     python -m tasks.pull script --archive packer/gpuwright.tar.xz --carry --next-boot \
#         --inventory inventories/lab.py images --out packer/provision.sh
#     packer init packer && packer build packer
#
# Another cloud: another `source`; the build below stays. It was parsed and its steps were run
# by hand, and Packer itself was not run by its authors: docs/first-boot.md.

packer {
  required_version = ">= 1.9.0"
  required_plugins {
    amazon = {
      version = ">= 1.3.0"
      source  = "github.com/hashicorp/amazon"
    }
  }
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "expected_gpus" {
  type        = string
  default     = "h100:8"
  description = "The GPUs of the instances that will be started from the image."
}

source "amazon-ebs" "debian" {
  region        = var.region
  instance_type = "c7i.4xlarge" # no GPU: the kernel modules are compiled, not loaded
  ami_name      = "gpu-host-{{timestamp}}"
  ssh_username  = "admin"
  source_ami_filter {
    owners      = ["136693071363"] # Debian: https://wiki.debian.org/Cloud/AmazonEC2Image
    most_recent = true
    filters = {
      name = "debian-12-amd64-*"
    }
  }
  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_size           = 60
    delete_on_termination = true
  }
}

build {
  sources = ["source.amazon-ebs.debian"]

  # pyinfra runs here, over ssh, as for any other host.
  provisioner "shell-local" {
    environment_vars = [
      "BUILD_HOST=${build.Host}",
      "BUILD_PORT=${build.Port}",
      "BUILD_USER=${build.User}",
      "BUILD_KEY=${build.SSHPrivateKey}",
      "EXPECTED_GPUS=${var.expected_gpus}",
    ]
    script = "packer/pyinfra.sh"
  }

  # What is started from the image provisions itself once more: it proves its GPUs.
  provisioner "file" {
    source      = "packer/provision.sh"
    destination = "provision.sh"
  }
  provisioner "shell" {
    inline = ["sudo sh provision.sh && rm provision.sh"]
  }

  # Each machine that is started from the image is one of its own.
  provisioner "shell" {
    inline = [
      "sudo cloud-init clean --logs",
      "sudo truncate -s 0 /etc/machine-id",
      "sudo sync",
    ]
  }
}
