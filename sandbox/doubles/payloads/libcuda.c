// A stand-in for NVIDIA's driver API library, made by gpuwright's sandbox. Without the stand-in for
// the module, as in a container, there is no device. With it, each GPU of the simulated bus that has
// a device file is one, and its memory is this computer's own. It refuses as the real one does: a
// module of another version, no unified memory module (CUDA driver API reference, "CUresult").
extern int access(const char *, int), close(int), open(const char *, int, ...);
extern int snprintf(char *, unsigned long, const char *, ...), strcmp(const char *, const char *);
extern long read(int, void *, unsigned long);
extern char *strstr(const char *, const char *);
extern void *malloc(unsigned long), *memcpy(void *, const void *, unsigned long);
extern void free(void *);
extern int alphasort(const void *, const void *);
// glibc's on x86_64 (bits/dirent.h).
struct dirent {
	unsigned long inode, offset;
	unsigned short length;
	unsigned char type;
	char name[256];
};
extern int scandir(const char *, struct dirent ***, int (*)(const struct dirent *), void *);

#define SUCCESS 0
#define NO_DEVICE 100
#define MISMATCH 803
#define UNKNOWN 999
#define BUS "/sys/bus/pci/devices"
#define MOST 16

static char address[MOST][32];
static int count;

static int line(const char *path, char *to, int room)
{
	int file = open(path, 0), n = file < 0 ? -1 : (int)read(file, to, room - 1);

	if (file >= 0)
		close(file);
	to[n > 0 ? n : 0] = 0;
	return n > 0;
}

static int is_gpu(const struct dirent *entry)
{
	char path[320], text[16];

	snprintf(path, sizeof path, BUS "/%s/vendor", entry->name);
	if (!line(path, text, sizeof text) || !strstr(text, "0x10de"))
		return 0;
	snprintf(path, sizeof path, BUS "/%s/class", entry->name);
	return line(path, text, sizeof text) && (strstr(text, "0x0300") || strstr(text, "0x0302"));
}

int cuInit(unsigned int flags)
{
	char text[512], path[32];
	struct dirent **found;
	int n, uvm;

	if (!line("/proc/driver/nvidia/version", text, sizeof text))
		return NO_DEVICE;
	if (!strstr(text, "  " GW_VERSION "  "))
		return MISMATCH;
	if ((uvm = open("/dev/nvidia-uvm", 2)) < 0)
		return UNKNOWN;
	close(uvm);
	n = scandir(BUS, &found, is_gpu, alphasort);
	count = 0;
	for (int i = 0; i < n && i < MOST; i++) {
		snprintf(path, sizeof path, "/dev/nvidia%d", i);
		if (!access(path, 6))
			snprintf(address[count++], sizeof *address, "%.31s", found[i]->name);
	}
	return count ? SUCCESS : NO_DEVICE;
}

int cuDriverGetVersion(int *to) { *to = GW_CUDA; return SUCCESS; }
int cuDeviceGetCount(int *to) { *to = count; return count ? SUCCESS : NO_DEVICE; }
int cuDeviceGet(int *to, int index) { *to = index; return index < count ? SUCCESS : 101; }
// No capability: nothing here computes.
int cuDeviceGetAttribute(int *to, int attribute, int device) { *to = 0; return SUCCESS; }
int cuDeviceTotalMem_v2(unsigned long *to, int device) { *to = 64UL << 20; return SUCCESS; }

int cuDeviceGetName(char *to, int room, int device)
{
	snprintf(to, room, "Simulated GPU");
	return SUCCESS;
}

int cuDeviceGetPCIBusId(char *to, int room, int device)
{
	snprintf(to, room, "%s", address[device]);
	return SUCCESS;
}

int cuDevicePrimaryCtxRetain(void **to, int device) { *to = address[device]; return SUCCESS; }
int cuDevicePrimaryCtxRelease(int device) { return SUCCESS; }
int cuCtxSetCurrent(void *context) { return SUCCESS; }
int cuMemAlloc_v2(unsigned long *to, unsigned long n) { *to = (unsigned long)malloc(n); return *to ? SUCCESS : 2; }
int cuMemFree_v2(unsigned long at) { free((void *)at); return SUCCESS; }
int cuMemcpyHtoD_v2(unsigned long to, const void *from, unsigned long n) { memcpy((void *)to, from, n); return SUCCESS; }
int cuMemcpyDtoH_v2(void *to, unsigned long from, unsigned long n) { memcpy(to, (void *)from, n); return SUCCESS; }

static const struct { int code; const char *name, *text; } errors[] = {
	{ SUCCESS, "CUDA_SUCCESS", "no error" },
	{ 2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory" },
	{ NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected" },
	{ 101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal" },
	{ MISMATCH, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination" },
	{ UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error" },
};

// Any other code is an unknown one, the last.
static int error(int code)
{
	int i = 0;

	while (i + 1 < (int)(sizeof errors / sizeof *errors) && errors[i].code != code)
		i++;
	return i;
}

int cuGetErrorName(int code, const char **to) { *to = errors[error(code)].name; return SUCCESS; }
int cuGetErrorString(int code, const char **to) { *to = errors[error(code)].text; return SUCCESS; }
