# What a host's Docker has of an image. POSIX sh, run as root; reads only.
# $1: repository without a tag. $2: a file whose presence matters, or nothing. $3: reference of an
# image whose layers matter, or nothing.
# Prints lines "key value", the last of them "end".
name=$1 file=$2 base=${3:-}
say() { printf '%s %s\n' "$1" "$2" | LC_ALL=C tr '\000-\011\013-\037\177-\377' '?'; }
bound() { if command -v timeout >/dev/null; then timeout -k 5 60 "$@"; else "$@"; fi; }
record=/var/lib/gpuwright/image.json
[ ! -r "$record" ] || say record "$(base64 -w 0 <"$record")"
command -v zstd >/dev/null && say zstd yes
# Both may lie where others can put what they like.
regular() { [ -f "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %s "$1")" -le "$2" ]; }
if [ -n "$file" ] && [ -f "$file" ]; then
    say file "$(stat -L -c %s "$file")"
    if regular "$file.gpuwright" 4096; then
        say file_of "$(bound head -c 4096 "$file.gpuwright" | head -n 1)"
    fi
fi
[ -n "$file" ] && say file_free_mb "$(df -Pm "${file%/*}/" 2>/dev/null | awk 'NR == 2 { print $4 }')"
say var_free_mb "$(df -Pm /var 2>/dev/null | awk 'NR == 2 { print $4 }')"
if ! command -v docker >/dev/null; then
    say why "docker is not there"
elif ! version=$(bound docker version --format '{{.Server.Version}} {{.Client.Version}}' 2>&1); then
    say why "docker version: $(printf %s "$version" | tail -n 1)"
else
    say version "$version"
    root=$(bound docker info --format '{{.DockerRootDir}}' 2>/dev/null)
    say root "$root"
    say root_free_mb "$(df -Pm "$root" 2>/dev/null | awk 'NR == 2 { print $4 }')"
    say same_disk "$([ "$(stat -c %d "$root" 2>/dev/null)" = "$(stat -c %d /var)" ] && echo yes || echo no)"
    bound docker buildx version >/dev/null 2>&1 && say buildx yes
    if [ -n "$base" ]; then
        say base_layers "$(bound docker image inspect --format '{{json .RootFS.Layers}}' "$base" 2>/dev/null)"
    fi
    bound docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' 2>/dev/null |
        while read -r line; do
            case $line in "$name":* | */"$name":*) say image "$line" ;; esac
        done
fi
echo end
