// Table look-ups that all instruction sets share.
#ifndef FEWTAP_LOOK_UP_H
#define FEWTAP_LOOK_UP_H

#include <stdint.h>

// cells[i] = table[cells[i]]
void fewtap_look_up_cells(uint32_t *restrict cells, const uint32_t *restrict table, int32_t count);
// out[i] = table[in[i]]
void fewtap_look_up_bytes(const uint8_t *restrict in, const float *restrict table, float *restrict out, int32_t count);
void fewtap_look_up_words(const uint16_t *restrict in, const float *restrict table, float *restrict out, int32_t count);

#endif
