// SPDX-License-Identifier: Apache-2.0
// An empty stand-in for NVIDIA's unified memory module, made by gpuwright's sandbox.
#include <linux/module.h>

static int __init gw_init(void)
{
	return 0;
}

static void __exit gw_exit(void)
{
}

module_init(gw_init);
module_exit(gw_exit);
MODULE_VERSION(GW_VERSION);
MODULE_LICENSE(GW_LICENSE);
MODULE_DESCRIPTION("stand-in of gpuwright's sandbox, does nothing");
