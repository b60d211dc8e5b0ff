// A stand-in for NVIDIA's driver API library, made by gpuwright's sandbox: there is no device.
#define NO_DEVICE 100

int cuInit(unsigned int flags) { return NO_DEVICE; }
int cuDriverGetVersion(int *to) { *to = GW_CUDA; return 0; }
int cuDeviceGetCount(int *to) { *to = 0; return NO_DEVICE; }

int cuGetErrorName(int code, const char **to)
{
	*to = code == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : code ? "CUDA_ERROR_UNKNOWN" : "CUDA_SUCCESS";
	return 0;
}

int cuGetErrorString(int code, const char **to)
{
	*to = code == NO_DEVICE ? "no CUDA-capable device is detected" : "unknown error";
	return 0;
}
