"""What holds for every host unless its group or the host itself says otherwise."""

stack = "pytorch-2.9"
