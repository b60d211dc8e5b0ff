"""An image registry on a throwaway host: Debian's package of the reference implementation."""

from sandbox.checkout import SandboxError
from sandbox.hosts import SandboxHost

PORT = 5000
_INSTALL = f"""\
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -qy install --no-install-recommends docker-registry
cat >/etc/docker/registry/config.yml <<'END'
version: 0.1
storage:
  filesystem: {{rootdirectory: /var/lib/docker-registry}}
  delete: {{enabled: true}}
http: {{addr: ":{PORT}"}}
END
systemctl restart docker-registry
"""


def serve(host: SandboxHost) -> str:
    """Install a registry on `host`, without TLS or passwords, and start it; gives ``ADDRESS:5000``.

    Docker takes such a registry from the host itself as ``127.0.0.1:5000``; for any other address
    daemon.json has to name it among ``insecure-registries``.

    Raises:
        SandboxError: if it cannot be installed.

    """
    done = host.run(_INSTALL)
    if done.returncode != 0:
        told = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
        raise SandboxError(f"{host.name} gets no registry:\n{told}")
    return f"{host.ip}:{PORT}"
