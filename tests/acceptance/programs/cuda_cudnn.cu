// A program of a user of the system toolkit: CUDA runtime, cuBLAS and cuDNN, compiled and linked on
// the host. Prints one JSON object. Without a GPU it tells what the CUDA call answered; with one it
// computes on it.

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cudnn.h>
#include <stdio.h>

__global__ void add(const int *a, const int *b, int *sum, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) sum[i] = a[i] + b[i];
}

// Whether a sum made on the device is the sum made here.
static bool computes() {
  const int n = 1000;
  int *a, *b, *sum;
  if (cudaMallocManaged(&a, n * sizeof(int)) != cudaSuccess) return false;
  if (cudaMallocManaged(&b, n * sizeof(int)) != cudaSuccess) return false;
  if (cudaMallocManaged(&sum, n * sizeof(int)) != cudaSuccess) return false;
  for (int i = 0; i < n; i++) a[i] = i, b[i] = 2 * i, sum[i] = -1;
  add<<<(n + 255) / 256, 256>>>(a, b, sum, n);
  if (cudaDeviceSynchronize() != cudaSuccess) return false;
  for (int i = 0; i < n; i++)
    if (sum[i] != 3 * i) return false;
  return true;
}

int main() {
  int runtime = 0, driver = 0, devices = 0, cublas = 0;
  cudaRuntimeGetVersion(&runtime);  // 0 without a device: before CUDA 12 it initialises one
  cudaDriverGetVersion(&driver);
  cublasGetProperty(MAJOR_VERSION, &cublas);
  cudaError_t call = cudaGetDeviceCount(&devices);
  printf("{\"toolkit\": %d, \"runtime\": %d, \"driver\": %d, \"cudnn\": %zu, \"cudnn_header\": %d, ",
         CUDART_VERSION, runtime, driver, cudnnGetVersion(), CUDNN_VERSION);
  printf("\"cudnn_runtime\": %zu, \"cublas\": %d, \"compiler\": %d, ", cudnnGetCudartVersion(), cublas,
         __GNUC__);
  printf("\"code\": %d, \"answer\": \"%s\", \"devices\": %d, ", call, cudaGetErrorName(call),
         call == cudaSuccess ? devices : 0);
  printf("\"computed\": %s}\n", call == cudaSuccess && devices > 0 && computes() ? "true" : "false");
  return 0;
}
