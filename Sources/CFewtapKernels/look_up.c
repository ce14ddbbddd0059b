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

void fewtap_look_up_bytes(const uint8_t *restrict in, const float *restrict table, float *restrict out, int32_t count) {
  int32_t i = 0;
  for (; i + 8 <= count; i += 8) {
    uint64_t codes;
    memcpy(&codes, in + i, sizeof codes);
    UNROLL for (int k = 0; k < 8; k++) out[i + k] = table[(uint8_t)(codes >> 8 * k)];
  }
  for (; i < count; i++) out[i] = table[in[i]];
}

void fewtap_look_up_words(const uint16_t *restrict in, const float *restrict table, float *restrict out, int32_t count) {
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint64_t codes;
    memcpy(&codes, in + i, sizeof codes);
    UNROLL for (int k = 0; k < 4; k++) out[i + k] = table[(uint16_t)(codes >> 16 * k)];
  }
  for (; i < count; i++) out[i] = table[in[i]];
}
