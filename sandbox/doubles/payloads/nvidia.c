// SPDX-License-Identifier: Apache-2.0
// A stand-in for NVIDIA's kernel module, made by gpuwright's sandbox. It drives nothing: it takes
// the module's name, version and licence, and the file in which a loaded driver tells its version.
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

static struct proc_dir_entry *nvidia;

static int version_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "NVRM version: %s  %s  Simulated by gpuwright's sandbox\n", GW_NVRM, GW_VERSION);
	seq_puts(file, "GCC version:  unknown\n");
	return 0;
}

static int __init gw_init(void)
{
	// /proc/driver is there already: the kernel makes it.
	nvidia = proc_mkdir("driver/nvidia", NULL);
	if (!nvidia)
		return -ENOMEM;
	if (!proc_create_single_data("version", 0444, nvidia, version_show, NULL)) {
		proc_remove(nvidia);
		return -ENOMEM;
	}
	return 0;
}

static void __exit gw_exit(void)
{
	proc_remove(nvidia);
}

module_init(gw_init);
module_exit(gw_exit);
MODULE_VERSION(GW_VERSION);
MODULE_LICENSE(GW_LICENSE);
MODULE_DESCRIPTION("stand-in of gpuwright's sandbox, drives nothing");
MODULE_ALIAS("pci:v000010DEd*sv*sd*bc03sc02i00*");
