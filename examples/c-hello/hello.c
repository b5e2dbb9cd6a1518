#include <stdio.h>

#ifndef GREETING
#define GREETING "hello"
#endif

int main(int argc, char **argv) {
  printf("%s, %s\n", GREETING, argc > 1 ? argv[1] : "world");
  return 0;
}
