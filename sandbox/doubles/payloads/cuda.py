"""What packages of CUDA and cuDNN hold."""

from collections.abc import Callable

from sandbox.doubles.deb import File
from sandbox.doubles.payloads.payload import LDCONFIG, LIBRARY_FOLDER, Payload, Values, template


def _nvcc(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    script = template("nvcc.sh", release=values.version, series=series)
    folder = f"/usr/local/cuda-{series}/bin"
    return Payload(
        {
            f"{folder}/nvcc": File(script, 0o755),
            f"{folder}/nvcc.profile": File("# Simulated.\nTOP = $(_HERE_)/..\n"),
        }
    )


def _cudart(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    folder = f"/usr/local/cuda-{series}/targets/x86_64-linux/lib"
    major = {"11": "11.0"}.get(series.split(".")[0], series.split(".")[0])
    full = f"libcudart.so.{values.version}"
    return Payload(
        {
            f"{folder}/{full}": File("A stand-in of gpuwright's sandbox.\n"),
            f"{folder}/libcudart.so.{major}": File(link=full),
        }
    )


def _cudart_dev(values: Values) -> Payload:
    series = ".".join(values.version.split(".")[:2])
    major, minor = (int(part) for part in series.split("."))
    top = f"/usr/local/cuda-{series}"
    header = f"/* Simulated. */\n#define CUDART_VERSION {major * 1000 + minor * 10}\n"
    return Payload(
        {
            f"{top}/targets/x86_64-linux/include/cuda_runtime_api.h": File(header),
            f"{top}/include": File(link="targets/x86_64-linux/include"),
            f"{top}/lib64": File(link="targets/x86_64-linux/lib"),
        }
    )


def _loader_entry(file: str, folder: str) -> Callable[[Values], Payload]:
    """The loader entries that CUDA's config-common packages bring for everybody."""

    def made(values: Values) -> Payload:
        path = f"/etc/ld.so.conf.d/{file}"
        text = f"/usr/local/{folder}/targets/x86_64-linux/lib\n"
        return Payload({path: File(text)}, LDCONFIG, (path,))

    return made


def _cudnn(values: Values) -> Payload:
    major = values.version.split(".")[0]
    three = ".".join(values.version.split(".")[:3])
    return Payload(
        {
            f"{LIBRARY_FOLDER}/libcudnn.so.{three}": File("A stand-in of gpuwright's sandbox.\n"),
            f"{LIBRARY_FOLDER}/libcudnn.so.{major}": File(link=f"libcudnn.so.{three}"),
        }
    )


def _cudnn_dev(values: Values) -> Payload:
    major, minor, patch = values.version.split(".")[:3]
    text = (
        f"/* Simulated. */\n#define CUDNN_MAJOR {major}\n#define CUDNN_MINOR {minor}\n"
        f"#define CUDNN_PATCHLEVEL {patch}\n"
    )
    return Payload(
        {
            f"/usr/include/x86_64-linux-gnu/cudnn_version_v{major}.h": File(text),
            "/usr/include/cudnn_version.h": File(link=f"x86_64-linux-gnu/cudnn_version_v{major}.h"),
            f"{LIBRARY_FOLDER}/libcudnn.so": File(link=f"libcudnn.so.{major}"),
        }
    )


KINDS: dict[str, Callable[[Values], Payload]] = {
    "nvcc": _nvcc,
    "cudart": _cudart,
    "cudart-dev": _cudart_dev,
    "loader-any": _loader_entry("000_cuda.conf", "cuda"),
    "loader-11": _loader_entry("988_cuda-11.conf", "cuda-11"),
    "loader-12": _loader_entry("988_cuda-12.conf", "cuda-12"),
    "cudnn": _cudnn,
    "cudnn-dev": _cudnn_dev,
}
