toolkits() {
  sec toolkits
  for d in /usr/local/cuda /usr/local/cuda-* /usr/lib/cuda /opt/cuda "$OURS"/cuda/*; do
    [ -d "$d" ] && [ ! -L "$d" ] || continue
    nvcc=$d/bin/nvcc
    [ -x "$nvcc" ] || { [ "$d" = /usr/lib/cuda ] && nvcc=/usr/lib/nvidia-cuda-toolkit/bin/nvcc; }
    part "toolkit $d"
    exist "$d/bin/cuda-uninstaller" "$d/include/cuda.h" "$d/lib64"
    show "$d/version.txt" "$d/version.json"
    [ -x "$nvcc" ] && { part "nvcc $nvcc"; bound 10 "$nvcc" --version </dev/null 2>&1 | tail -n 3; }
  done
  if [ -x /usr/lib/nvidia-cuda-toolkit/bin/nvcc ] && [ ! -d /usr/lib/cuda ]; then
    part "toolkit /usr/lib/nvidia-cuda-toolkit"
    part "nvcc /usr/lib/nvidia-cuda-toolkit/bin/nvcc"
    bound 10 /usr/lib/nvidia-cuda-toolkit/bin/nvcc --version </dev/null 2>&1 | tail -n 3
  fi
}

dnn() {
  sec cudnn_nccl
  part cuda_link; [ -L /usr/local/cuda ] && readlink -f /usr/local/cuda
  part macros
  set --
  for i in /usr/include /usr/include/*-linux-gnu /usr/local/include /usr/local/cuda/include \
    /usr/local/cuda-*/include /usr/local/cuda*/targets/*/include "$OURS"/cudnn/*/include; do
    [ -d "$i" ] || continue
    for h in cudnn_version.h cudnn.h nccl.h; do [ -f "$i/$h" ] && set -- "$@" "$i/$h"; done
  done
  [ $# -eq 0 ] ||
    grep -HE '^#define[[:space:]]+(CUDNN|NCCL)_(MAJOR|MINOR|PATCHLEVEL|PATCH)[[:space:]]' "$@"
  part libraries
  exist /usr/lib/*-linux-gnu/libcudnn*.so* /usr/lib/*-linux-gnu/libnccl*.so* \
    /usr/lib64/libcudnn*.so* /usr/lib64/libnccl*.so* /usr/local/lib/libcudnn*.so* \
    /usr/local/lib/libnccl*.so* /usr/local/cuda*/lib64/libcudnn*.so* \
    /usr/local/cuda*/lib64/libnccl*.so* "$OURS"/cudnn/*/lib/libcudnn*.so*
}

compilers() {
  sec compilers
  for c in /usr/bin/gcc /usr/bin/g++ /usr/bin/clang /usr/bin/clang++ /usr/bin/gcc-[0-9]* \
    /usr/bin/g++-[0-9]* /usr/bin/clang-[0-9]* /usr/bin/clang++-[0-9]* \
    /opt/rh/gcc-toolset-*/root/usr/bin/gcc /opt/rh/gcc-toolset-*/root/usr/bin/g++; do
    [ -x "$c" ] || continue
    case $c in *clang*) v=$(bound 5 "$c" -dumpversion 2>/dev/null) ;;
    *) v=$(bound 5 "$c" -dumpfullversion 2>/dev/null) ;; esac
    printf '%s|%s\n' "$c" "$v"
  done
  sec pythons
  for p in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3.[0-9] \
    /usr/local/bin/python3.[0-9][0-9]; do
    [ -x "$p" ] && printf '%s|%s\n' "$p" "$(bound 5 "$p" -V 2>&1)"
  done
}
