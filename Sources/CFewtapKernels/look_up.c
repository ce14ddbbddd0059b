// Looking up numbers in tables: loads and stores that no instruction set does better (gathers took 10% longer on Zen 5).
// Apart from the others, since where a compiler may use wide vectors it puts these numbers together there, at a loss.
#include "look_up.h"

#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")

// Several codes a load, since the table and the result take one access each already.

void fewtap_look_up_cells(uint32_t *restrict cells, const uint32_t *restrict table, int32_t count) {
  int32_t i = 0;
  for (; i + 2 <= count; i += 2) {
    uint64_t pair;
    memcpy(&pair, cells + i, sizeof pair);
    uint32_t a = table[(uint32_t)pair], b = table[pair >> 32];
    cells[i] = a, cells[i + 1] = b;
  }
  if (i < count) cells[i] = table[cells[i]];
}

#define LOOK_UP(name, code)                                                                                     \
  void name(const code *restrict in, const float *restrict table, float *restrict out, int32_t count) {         \
    enum { codes_a_load = sizeof(uint64_t) / sizeof(code) };                                                    \
    int32_t i = 0;                                                                                              \
    for (; i + codes_a_load <= count; i += codes_a_load) {                                                      \
      uint64_t codes;                                                                                           \
      memcpy(&codes, in + i, sizeof codes);                                                                     \
      UNROLL for (int k = 0; k < codes_a_load; k++) out[i + k] = table[(code)(codes >> 8 * sizeof(code) * k)];  \
    }                                                                                                           \
    for (; i < count; i++) out[i] = table[in[i]];                                                               \
  }

LOOK_UP(fewtap_look_up_bytes, uint8_t)
LOOK_UP(fewtap_look_up_words, uint16_t)
