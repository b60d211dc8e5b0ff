// SPDX-License-Identifier: Apache-2.0
// A stand-in for NVIDIA's kernel module, made by gpuwright's sandbox. It drives nothing: it takes
// the module's name, version, licence and character device, and the file in which a loaded driver
// tells its version. Who has a device file of it open keeps it loaded.
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#define GW_MAJOR 195

static struct proc_dir_entry *nvidia;
static const struct file_operations gw_device = { .owner = THIS_MODULE };

// nvidia-uvm asks for it, so that this module cannot go before that one.
void gw_nvidia_in_use(void);
void gw_nvidia_in_use(void)
{
}
EXPORT_SYMBOL(gw_nvidia_in_use);

static int version_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "NVRM version: %s  %s  Simulated by gpuwright's sandbox\n", GW_NVRM, GW_VERSION);
	seq_puts(file, "GCC version:  unknown\n");
	return 0;
}

static int __init gw_init(void)
{
	int code = register_chrdev(GW_MAJOR, "nvidia", &gw_device);

	if (code < 0)
		return code;
	// /proc/driver is there already: the kernel makes it.
	nvidia = proc_mkdir("driver/nvidia", NULL);
	if (!nvidia || !proc_create_single_data("version", 0444, nvidia, version_show, NULL)) {
		proc_remove(nvidia);
		unregister_chrdev(GW_MAJOR, "nvidia");
		return -ENOMEM;
	}
	return 0;
}

static void __exit gw_exit(void)
{
	proc_remove(nvidia);
	unregister_chrdev(GW_MAJOR, "nvidia");
}

module_init(gw_init);
module_exit(gw_exit);
MODULE_VERSION(GW_VERSION);
MODULE_LICENSE(GW_LICENSE);
MODULE_DESCRIPTION("stand-in of gpuwright's sandbox, drives nothing");
MODULE_ALIAS("pci:v000010DEd*sv*sd*bc03sc02i00*");
