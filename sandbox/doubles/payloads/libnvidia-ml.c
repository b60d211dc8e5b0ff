// A stand-in for NVIDIA's management library, made by gpuwright's sandbox. It answers as the real
// one does on a machine without a working driver, or with a driver and no GPU.
extern int access(const char *path, int mode);

#define SUCCESS 0
#define DRIVER_NOT_LOADED 9

static int state(void)
{
	return access("/proc/driver/nvidia/version", 4) ? DRIVER_NOT_LOADED : SUCCESS;
}

static int copy(const char *text, char *to, unsigned int length)
{
	unsigned int i = 0;
	for (; text[i] && i + 1 < length; i++)
		to[i] = text[i];
	to[i] = 0;
	return SUCCESS;
}

int nvmlInit(void) { return state(); }
int nvmlInit_v2(void) { return state(); }
int nvmlInitWithFlags(unsigned int flags) { return state(); }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *to, unsigned int n) { return copy(GW_VERSION, to, n); }
int nvmlSystemGetNVMLVersion(char *to, unsigned int n) { return copy("12." GW_VERSION, to, n); }
int nvmlSystemGetCudaDriverVersion(int *to) { *to = GW_CUDA; return SUCCESS; }
int nvmlSystemGetCudaDriverVersion_v2(int *to) { *to = GW_CUDA; return SUCCESS; }
int nvmlDeviceGetCount(unsigned int *to) { *to = 0; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned int *to) { *to = 0; return SUCCESS; }

const char *nvmlErrorString(int code)
{
	return code == DRIVER_NOT_LOADED ? "Driver Not Loaded" : code ? "Unknown Error" : "Success";
}
