// A stand-in for nvidia-smi, made by gpuwright's sandbox for hosts that run containers: it asks the
// management library, as the real one does, and prints what that says in the real one's words.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *device;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { char legacy[16]; unsigned int numbers[5]; char id[32]; } pci;

static void *library;
#define ASK(name, ...) ((int (*)())symbol("nvml" name))(__VA_ARGS__)

static void *symbol(const char *name)
{
	void *found = dlsym(library, name);

	if (!found) {
		fprintf(stderr, "the stand-in for NVML has no %s\n", name);
		exit(1);
	}
	return found;
}

// One field of --query-gpu; 0 if it is not known.
static int field(const char *name, device gpu, unsigned int index, int units)
{
	char text[96], driver[96];
	pci place;
	memory size;
	int major, minor;

	ASK("DeviceGetPciInfo_v3", gpu, &place);
	ASK("SystemGetDriverVersion", driver, 96u);
	if (!strcmp(name, "index"))
		printf("%u", index);
	else if (!strcmp(name, "name") || !strcmp(name, "gpu_name"))
		ASK("DeviceGetName", gpu, text, 96u), fputs(text, stdout);
	else if (!strcmp(name, "uuid") || !strcmp(name, "gpu_uuid"))
		ASK("DeviceGetUUID", gpu, text, 96u), fputs(text, stdout);
	else if (!strcmp(name, "driver_version"))
		fputs(driver, stdout);
	else if (!strcmp(name, "pci.bus_id") || !strcmp(name, "gpu_bus_id"))
		fputs(place.id, stdout);
	else if (!strcmp(name, "memory.total"))
		ASK("DeviceGetMemoryInfo", gpu, &size), printf("%llu%s", size.total >> 20, units ? " MiB" : "");
	else if (!strcmp(name, "compute_cap"))
		ASK("DeviceGetCudaComputeCapability", gpu, &major, &minor), printf("%d.%d", major, minor);
	else
		return 0;
	return 1;
}

int main(int argc, char **argv)
{
	char driver[96], *query = NULL, *format = "";
	unsigned int count = 0;
	int code, list = 0;

	library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
	for (int i = 1; i < argc; i++)
		if (!strncmp(argv[i], "--query-gpu=", 12))
			query = argv[i] + 12;
		else if (!strncmp(argv[i], "--format=", 9))
			format = argv[i] + 9;
		else if (!strcmp(argv[i], "-L"))
			list = 1;
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("NVIDIA-SMI version  : " GW_VERSION "\n");
		return 0;
	}
	if (!library) {
		puts("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure "
		     "that the NVIDIA Display Driver is properly installed and present in your system.");
		return 12;
	}
	code = ASK("Init_v2");
	if (code == 9) {
		puts("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make "
		     "sure that the latest NVIDIA driver is installed and running.");
		return 9;
	}
	if (code) {
		printf("Failed to initialize NVML: %s\n", ((const char *(*)(int))symbol("nvmlErrorString"))(code));
		return code < 256 ? code : 255;
	}
	ASK("DeviceGetCount_v2", &count);
	if (!count) {
		puts("No devices were found");
		return 6;
	}
	ASK("SystemGetDriverVersion", driver, 96u);
	if (!query && !list)
		printf("NVIDIA-SMI " GW_VERSION " (simulated)  Driver Version: %s\n", driver);
	if (query && !strstr(format, "noheader"))
		puts(query);
	for (unsigned int i = 0; i < count; i++) {
		char name[96], uuid[96];
		device gpu;

		ASK("DeviceGetHandleByIndex_v2", i, &gpu);
		if (query) {
			char *words = strdup(query), *word = strtok(words, ",");

			for (int first = 1; word; word = strtok(NULL, ","), first = 0) {
				fputs(first ? "" : ", ", stdout);
				if (!field(word, gpu, i, !strstr(format, "nounits"))) {
					printf("Field \"%s\" is not a valid field to query.\n", word);
					return 2;
				}
			}
			putchar('\n');
			free(words);
			continue;
		}
		ASK("DeviceGetName", gpu, name, 96u);
		ASK("DeviceGetUUID", gpu, uuid, 96u);
		printf("GPU %u: %s (UUID: %s)\n", i, name, uuid);
	}
	return 0;
}
