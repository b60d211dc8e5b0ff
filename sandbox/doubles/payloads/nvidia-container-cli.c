// A stand-in for nvidia-container-cli, made by gpuwright's sandbox. Of the real one's work it does
// what `docker run --gpus` asks for behind Docker's back: in the container that NVIDIA's hook names
// it makes device files, binds the driver's libraries and nvidia-smi, brings the loader's cache up to
// date, and lets the container open the files. That leave is given beside runc and systemd, by other
// device programs on the control group (version 2) or by its list (version 1), so systemd takes it
// back when it sets up its own again, as with the real one.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARIES "/usr/lib/x86_64-linux-gnu"

static void fail(const char *what, ...)
{
	va_list words;

	va_start(words, what);
	fputs("nvidia-container-cli (stand-in): ", stderr);
	vfprintf(stderr, what, words);
	fprintf(stderr, "%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void bind(const char *root, const char *path)
{
	char target[4096];
	int file;

	snprintf(target, sizeof target, "%s%s", root, path);
	make_folders(target);
	file = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (file < 0)
		fail("mount error: %s", target);
	close(file);
	if (mount(path, target, NULL, MS_BIND, NULL))
		fail("mount error: %s", target);
	mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
}

static void device(const char *root, const char *path)
{
	char target[4096];
	struct stat about;

	if (stat(path, &about))
		return;
	snprintf(target, sizeof target, "%s%s", root, path);
	if (mknod(target, S_IFCHR, about.st_rdev) && errno != EEXIST)
		fail("mount error: %s", target);
	chmod(target, 0666);
}

static int wanted(const char *devices, int minor)
{
	char word[64], *words = strdup(devices), *save = words, *one;
	int found = 0;

	snprintf(word, sizeof word, "GPU-00000000-0000-0000-0000-%012d", minor);
	while ((one = strsep(&words, ",")))
		found |= !strcmp(one, "all") || !strcmp(one, word) || (*one && strspn(one, "0123456789") == strlen(one) && atoi(one) == minor);
	free(save);
	return found;
}

static void configure(const char *root, const char *devices)
{
	char path[64];
	glob_t found = { 0 };

	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof path, "/dev/nvidia%d", i);
		if (wanted(devices, i))
			device(root, path);
	}
	device(root, "/dev/nvidiactl");
	device(root, "/dev/nvidia-uvm");
	device(root, "/dev/nvidia-uvm-tools");
	glob(LIBRARIES "/libcuda.so.*.*", 0, NULL, &found);
	glob(LIBRARIES "/libnvidia-*.so.*.*", GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat about;

		if (!lstat(found.gl_pathv[i], &about) && S_ISREG(about.st_mode))
			bind(root, found.gl_pathv[i]);
	}
	bind(root, "/usr/bin/nvidia-smi");
}

static void refresh_cache(const char *root, const char *program)
{
	int file = open(program, O_RDONLY | O_CLOEXEC);
	pid_t child = file < 0 ? -1 : fork();

	if (child == 0) {
		char *words[] = { "ldconfig", NULL }, *none[] = { NULL };

		if (chroot(root) || chdir("/"))
			_exit(1);
		fexecve(file, words, none);
		_exit(1);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

// The folder of a process's control group in the hierarchy whose line begins with `head`.
static int group(const char *pid, const char *head, char *to, size_t room)
{
	char path[64], line[4096];
	FILE *file;
	int found = 0;

	snprintf(path, sizeof path, "/proc/%s/cgroup", pid);
	if (!(file = fopen(path, "re")))
		fail("container error: %s", path);
	while (!found && fgets(line, sizeof line, file)) {
		char *name = strchr(line, ':') + 1, *place = strchr(name, ':') + 1;

		line[strcspn(line, "\n")] = 0;
		place[-1] = 0;
		if ((found = !strcmp(name, head)))
			snprintf(to, room, "/sys/fs/cgroup%s%s%s", *head ? "/" : "", head, place);
	}
	fclose(file);
	return found;
}

static long ask_bpf(int command, union bpf_attr *about)
{
	return syscall(SYS_bpf, command, about, sizeof *about);
}

static void permit(const char *pid)
{
	char place[8192], list[8300];
	__u32 programs[64];
	int folder, program;
	struct bpf_insn yes[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr query = { 0 }, load = { 0 }, attach = { 0 };

	if (group(pid, "devices", place, sizeof place)) {
		snprintf(list, sizeof list, "%s/devices.allow", place);
		if ((folder = open(list, O_WRONLY | O_CLOEXEC)) >= 0) {
			if (write(folder, "c 195:* rw", 10) != 10 || write(folder, "c 511:* rw", 10) != 10)
				fail("container error: %s", list);
			close(folder);
			return;
		}
	}
	if (!group(pid, "", place, sizeof place))
		fail("container error: process %s has no control group", pid);
	if ((folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		fail("container error: %s", place);
	query.query.target_fd = folder;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (__u64)(unsigned long)programs;
	query.query.prog_cnt = sizeof programs / sizeof *programs;
	if (ask_bpf(BPF_PROG_QUERY, &query))
		fail("bpf error: query");
	load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.insns = (__u64)(unsigned long)yes;
	load.insn_cnt = 2;
	load.license = (__u64)(unsigned long)"Apache-2.0";
	if ((program = ask_bpf(BPF_PROG_LOAD, &load)) < 0)
		fail("bpf error: load");
	for (__u32 i = 0; i < query.query.prog_cnt; i++) {
		union bpf_attr get = { .prog_id = programs[i] }, detach = { 0 };

		detach.target_fd = folder;
		detach.attach_type = BPF_CGROUP_DEVICE;
		detach.attach_bpf_fd = ask_bpf(BPF_PROG_GET_FD_BY_ID, &get);
		if ((int)detach.attach_bpf_fd < 0 || ask_bpf(BPF_PROG_DETACH, &detach))
			fail("bpf error: detach");
		close(detach.attach_bpf_fd);
	}
	attach.target_fd = folder;
	attach.attach_bpf_fd = program;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	if (ask_bpf(BPF_PROG_ATTACH, &attach))
		fail("bpf error: attach");
}

int main(int argc, char **argv)
{
	const char *devices = "", *pid = NULL, *ldconfig = "/sbin/ldconfig", *root = NULL;
	char path[64];
	int space, cgroups = 1, asked = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--version") || !strcmp(argv[i], "-V")) {
			puts("cli-version: " GW_VERSION "\nbuild flavor: stand-in of gpuwright's sandbox");
			return 0;
		}
		if (!strcmp(argv[i], "configure"))
			asked = 1;
		else if (!strncmp(argv[i], "--device=", 9))
			devices = argv[i] + 9;
		else if (!strncmp(argv[i], "--pid=", 6))
			pid = argv[i] + 6;
		else if (!strncmp(argv[i], "--ldconfig=@", 12))
			ldconfig = argv[i] + 12;
		else if (!strcmp(argv[i], "--no-cgroups"))
			cgroups = 0;
		else if (argv[i][0] != '-')
			root = argv[i];
	}
	errno = 0;
	if (!asked || !pid || !root)
		fail("only `configure --pid=PID ROOT` is here");
	if (access("/proc/driver/nvidia/version", R_OK)) {
		errno = 0;
		fail("initialization error: nvml error: driver not loaded");
	}
	snprintf(path, sizeof path, "/proc/%s/ns/mnt", pid);
	if (cgroups)
		permit(pid);
	if ((space = open(path, O_RDONLY | O_CLOEXEC)) < 0 || setns(space, CLONE_NEWNS))
		fail("container error: %s", path);
	configure(root, devices);
	refresh_cache(root, ldconfig);
	return 0;
}
