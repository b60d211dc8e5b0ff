// SPDX-License-Identifier: Apache-2.0
// An empty stand-in for NVIDIA's unified memory module, made by gpuwright's sandbox: a character
// device whose number the kernel chooses, and its dependence on the module nvidia.
#include <linux/fs.h>
#include <linux/module.h>

static int major;
static const struct file_operations gw_device = { .owner = THIS_MODULE };

void gw_nvidia_in_use(void);

static int __init gw_init(void)
{
	gw_nvidia_in_use();
	major = register_chrdev(0, "nvidia-uvm", &gw_device);
	return major < 0 ? major : 0;
}

static void __exit gw_exit(void)
{
	unregister_chrdev(major, "nvidia-uvm");
}

module_init(gw_init);
module_exit(gw_exit);
MODULE_VERSION(GW_VERSION);
MODULE_LICENSE(GW_LICENSE);
MODULE_DESCRIPTION("stand-in of gpuwright's sandbox, does nothing");
