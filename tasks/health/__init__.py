"""What a healthy host is: the rules that name what is wrong, for the doctor and for the verdict."""
