#include <stdio.h>
#include <stdlib.h>

int main(void) {
  const char *last = getenv("COUNT_TO");
  for (int i = 1; i <= (last ? atoi(last) : 3); ++i) printf("%d\n", i);
  return 0;
}
