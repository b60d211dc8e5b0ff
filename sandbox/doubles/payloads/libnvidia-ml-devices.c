// A stand-in for NVIDIA's management library, made by gpuwright's sandbox for hosts that run
// containers. Its GPUs are the device files that it may open, as with the real one: a container sees
// those that it was given, and loses them with the leave to open them. Nothing answers behind the
// files. Structures and codes: NVML API reference, nvml.h.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
	SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6,
	DRIVER_NOT_LOADED = 9, LIB_RM_VERSION_MISMATCH = 18, UNKNOWN = 999,
};

#define BUS "/sys/bus/pci/devices"
#define MOST 32

typedef struct gpu { int minor; char bus_id[32]; char uuid[48]; } *nvmlDevice_t;
typedef struct {
	char busIdLegacy[16];
	unsigned int domain, bus, device, pciDeviceId, pciSubSystemId;
	char busId[32];
} nvmlPciInfo_t;
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;

static struct gpu gpus[MOST];
static unsigned int count;

// 0 if the device file can be used; without a module behind it that is as good as it gets.
static int refused(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC);

	if (file >= 0)
		close(file);
	return file < 0 && errno != ENXIO ? errno : 0;
}

static int is_gpu(const struct dirent *entry)
{
	char path[320], text[16] = "";
	const char *parts[] = { "vendor", "class" };

	for (int i = 0; i < 2; i++) {
		FILE *file;

		snprintf(path, sizeof path, BUS "/%s/%s", entry->d_name, parts[i]);
		if (!(file = fopen(path, "re")))
			return 0;
		if (!fgets(text, sizeof text, file))
			text[0] = 0;
		fclose(file);
		if (i == 0 && strncmp(text, "0x10de", 6))
			return 0;
	}
	return !strncmp(text, "0x0300", 6) || !strncmp(text, "0x0302", 6);
}

static int loaded(void)
{
	char text[256] = "";
	FILE *file = fopen("/proc/driver/nvidia/version", "re");
	int code;

	if (file) {
		if (!fgets(text, sizeof text, file))
			text[0] = 0;
		fclose(file);
		if (!strstr(text, "  " GW_VERSION "  "))
			return LIB_RM_VERSION_MISMATCH;
	}
	code = refused("/dev/nvidiactl");
	return code == 0 ? SUCCESS : code == ENOENT ? DRIVER_NOT_LOADED : UNKNOWN;
}

static int start(void)
{
	struct dirent **found = NULL;
	int code = loaded(), on_bus = scandir(BUS, &found, is_gpu, alphasort);

	count = 0;
	for (int i = 0; code == SUCCESS && i < MOST; i++) {
		struct stat about;
		char path[32];
		unsigned int address[4] = { 0, i + 1, 0, 0 };

		snprintf(path, sizeof path, "/dev/nvidia%d", i);
		if (stat(path, &about) || !S_ISCHR(about.st_mode) || major(about.st_rdev) != 195 || refused(path))
			continue;
		// A container's bus is another one: there the address is made up.
		if (i < on_bus)
			sscanf(found[i]->d_name, "%x:%x:%x.%x", address, address + 1, address + 2, address + 3);
		gpus[count].minor = i;
		snprintf(gpus[count].bus_id, 32, "%08X:%02X:%02X.0", address[0], address[1], address[2]);
		snprintf(gpus[count].uuid, 48, "GPU-00000000-0000-0000-0000-%012d", i);
		count++;
	}
	return code;
}

static int text(char *to, unsigned int room, const char *what)
{
	snprintf(to, room, "%s", what);
	return SUCCESS;
}

int nvmlInit_v2(void) { return start(); }
int nvmlInit(void) { return start(); }
int nvmlInitWithFlags(unsigned int flags) { return start(); }
int nvmlShutdown(void) { return SUCCESS; }
int nvmlSystemGetDriverVersion(char *to, unsigned int n) { return text(to, n, GW_VERSION); }
int nvmlSystemGetNVMLVersion(char *to, unsigned int n) { return text(to, n, "12." GW_VERSION); }
int nvmlSystemGetCudaDriverVersion(int *to) { *to = GW_CUDA; return SUCCESS; }
int nvmlSystemGetCudaDriverVersion_v2(int *to) { *to = GW_CUDA; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned int *to) { *to = count; return SUCCESS; }
int nvmlDeviceGetCount(unsigned int *to) { *to = count; return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *to)
{
	if (index >= count)
		return INVALID_ARGUMENT;
	*to = gpus + index;
	return SUCCESS;
}

int nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *to)
{
	return nvmlDeviceGetHandleByIndex_v2(index, to);
}

int nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *to)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(gpus[i].uuid, uuid)) {
			*to = gpus + i;
			return SUCCESS;
		}
	return NOT_FOUND;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *to)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcasecmp(gpus[i].bus_id + strlen(gpus[i].bus_id) - 7, address + strlen(address) - 7)) {
			*to = gpus + i;
			return SUCCESS;
		}
	return NOT_FOUND;
}

int nvmlDeviceGetIndex(nvmlDevice_t gpu, unsigned int *to) { *to = gpu - gpus; return SUCCESS; }
int nvmlDeviceGetMinorNumber(nvmlDevice_t gpu, unsigned int *to) { *to = gpu->minor; return SUCCESS; }
int nvmlDeviceGetUUID(nvmlDevice_t gpu, char *to, unsigned int n) { return text(to, n, gpu->uuid); }
int nvmlDeviceGetName(nvmlDevice_t gpu, char *to, unsigned int n) { return text(to, n, GW_NAME); }
int nvmlDeviceGetBrand(nvmlDevice_t gpu, int *to) { *to = 0; return SUCCESS; }
int nvmlDeviceGetArchitecture(nvmlDevice_t gpu, unsigned int *to) { *to = 9; return SUCCESS; }
int nvmlDeviceIsMigDeviceHandle(nvmlDevice_t gpu, unsigned int *to) { *to = 0; return SUCCESS; }
int nvmlDeviceGetMigMode(nvmlDevice_t gpu, unsigned int *now, unsigned int *next) { return NOT_SUPPORTED; }
int nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t gpu, unsigned int *to) { *to = 0; return SUCCESS; }
int nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t gpu, unsigned int i, nvmlDevice_t *to) { return NOT_FOUND; }
int nvmlDeviceGetGpuFabricInfo(nvmlDevice_t gpu, void *to) { return NOT_SUPPORTED; }
int nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t gpu, void *to) { return NOT_SUPPORTED; }
int nvmlDeviceGetAddressingMode(nvmlDevice_t gpu, void *to) { return NOT_SUPPORTED; }

int nvmlDeviceGetCudaComputeCapability(nvmlDevice_t gpu, int *major, int *minor)
{
	*major = 9;
	*minor = 0;
	return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(nvmlDevice_t gpu, nvmlMemory_t *to)
{
	to->total = to->free = 80ULL << 30;
	to->used = 0;
	return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(nvmlDevice_t gpu, nvmlPciInfo_t *to)
{
	memset(to, 0, sizeof *to);
	sscanf(gpu->bus_id, "%x:%x:%x", &to->domain, &to->bus, &to->device);
	to->pciDeviceId = 0x233010de;
	snprintf(to->busIdLegacy, sizeof to->busIdLegacy, "%s", gpu->bus_id + 4);
	snprintf(to->busId, sizeof to->busId, "%s", gpu->bus_id);
	return SUCCESS;
}

int nvmlDeviceGetPciInfo_v2(nvmlDevice_t gpu, nvmlPciInfo_t *to) { return nvmlDeviceGetPciInfo_v3(gpu, to); }
int nvmlDeviceGetPciInfo(nvmlDevice_t gpu, nvmlPciInfo_t *to) { return nvmlDeviceGetPciInfo_v3(gpu, to); }

const char *nvmlErrorString(int code)
{
	switch (code) {
	case SUCCESS: return "Success";
	case INVALID_ARGUMENT: return "Invalid Argument";
	case NOT_SUPPORTED: return "Not Supported";
	case NO_PERMISSION: return "Insufficient Permissions";
	case NOT_FOUND: return "Not Found";
	case DRIVER_NOT_LOADED: return "Driver Not Loaded";
	case LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
	default: return "Unknown Error";
	}
}
