// What GCC 12's static libraries call of glibc 2.35 and 2.36, for a program that also starts on 2.34.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

// libstdc++, std::random_device.
uint32_t arc4random(void) {
  uint32_t value;
  if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value) abort();
  return value;
}

// libgcc's unwinder: the object that a program counter is in, and its PT_GNU_EH_FRAME.
struct search {
  uintptr_t pc;
  struct dl_find_object *result;
};

static int look(struct dl_phdr_info *info, size_t size, void *argument) {
  struct search *const wanted = argument;
  (void)size;
  void *eh_frame = NULL;
  int inside = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr) *const part = &info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_GNU_EH_FRAME) eh_frame = (void *)begin;
    if (part->p_type == PT_LOAD && wanted->pc - begin < part->p_memsz) {
      inside = 1;
      wanted->result->dlfo_map_start = (void *)begin;
      wanted->result->dlfo_map_end = (void *)(begin + part->p_memsz);
    }
  }
  if (!inside || !eh_frame) return 0;
  wanted->result->dlfo_eh_frame = eh_frame;
  return 1;
}

int _dl_find_object(void *pc, struct dl_find_object *result) {
  *result = (struct dl_find_object){0};
  struct search wanted = {(uintptr_t)pc, result};
  return dl_iterate_phdr(look, &wanted) == 1 ? 0 : -1;
}
