# Install Ubuntu's own driver 580 from the double of its archive: for each kernel of the flavour generic
# a package of modules that need no building.
set -e
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2046 # package names carry no blanks
apt-get -qy install --no-install-recommends nvidia-utils-580-server \
  $(apt-cache pkgnames linux-modules-nvidia-580-server- | grep -e '-server-[0-9].*-generic$')
