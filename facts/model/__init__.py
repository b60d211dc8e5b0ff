"""The words that facts answer in.

Every type is a frozen value. ``None`` always means "not known", never "no"; the reason is in
`HostState.unread` under the dotted name of the field (``secure_boot``, ``kernels.next_boot``).
"""
