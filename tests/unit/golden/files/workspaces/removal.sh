set -eu
systemctl stop gpuwright-workspace@alice.service 2>/dev/null || :
rm -f /etc/systemd/system/multi-user.target.wants/gpuwright-workspace@alice.service
if [ "$(docker container inspect -f '{{index .Config.Labels "org.gpuwright.workspace"}}' gpuwright-workspace-alice 2>/dev/null)" = alice ]; then
    docker rm -f gpuwright-workspace-alice >/dev/null
fi
umount /run/gpuwright/workspaces/alice/code 2>/dev/null || :
rmdir /run/gpuwright/workspaces/alice/code /run/gpuwright/workspaces/alice 2>/dev/null || :
rm -rf /opt/gpuwright/lib/workspaces/alice /var/lib/gpuwright/workspaces/alice/secrets /var/lib/gpuwright/workspaces/alice/record.json
# A home that somebody has used stays.
rmdir /var/lib/gpuwright/workspaces/alice/home /var/lib/gpuwright/workspaces/alice 2>/dev/null || :

systemctl stop gpuwright-workspace@bob.service 2>/dev/null || :
rm -f /etc/systemd/system/multi-user.target.wants/gpuwright-workspace@bob.service
if [ "$(docker container inspect -f '{{index .Config.Labels "org.gpuwright.workspace"}}' gpuwright-workspace-bob 2>/dev/null)" = bob ]; then
    docker rm -f gpuwright-workspace-bob >/dev/null
fi
umount /run/gpuwright/workspaces/bob/code 2>/dev/null || :
rmdir /run/gpuwright/workspaces/bob/code /run/gpuwright/workspaces/bob 2>/dev/null || :
rm -rf /opt/gpuwright/lib/workspaces/bob /var/lib/gpuwright/workspaces/bob/secrets /var/lib/gpuwright/workspaces/bob/record.json
# A home that somebody has used stays.
rmdir /var/lib/gpuwright/workspaces/bob/home /var/lib/gpuwright/workspaces/bob 2>/dev/null || :

if rmdir /opt/gpuwright/lib/workspaces 2>/dev/null; then rm -f /opt/gpuwright/lib/workspace /etc/systemd/system/gpuwright-workspace@.service; fi