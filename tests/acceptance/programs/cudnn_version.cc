// A host-only program that links with cuDNN: prints the version of the library that it runs with.

#include <cudnn.h>
#include <stdio.h>

int main() {
  printf("{\"cudnn\": %zu, \"cudnn_header\": %d}\n", cudnnGetVersion(), CUDNN_VERSION);
  return 0;
}
