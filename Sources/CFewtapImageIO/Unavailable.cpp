#ifndef FEWTAP_OPENIMAGEIO

#include "Guard.h"

// The same interface where the package is built without its trait OpenImageIO.

static fewtap_io_status unavailable(char *message, size_t capacity) {
  copyText("built without OpenImageIO", message, capacity);
  return FEWTAP_IO_UNAVAILABLE;
}

fewtap_io_status fewtap_io_open_reader(
    const char *, const uint8_t *, size_t, fewtap_io_reader **reader, fewtap_io_spec *, char *message,
    size_t capacity) {
  *reader = nullptr;
  return unavailable(message, capacity);
}

fewtap_io_status fewtap_io_open_file_reader(
    const char *, int, fewtap_io_reader **reader, fewtap_io_spec *, char *message, size_t capacity) {
  *reader = nullptr;
  return unavailable(message, capacity);
}

const uint8_t *fewtap_io_reader_profile(const fewtap_io_reader *, size_t *count) {
  *count = 0;
  return nullptr;
}

const char *fewtap_io_reader_channel_name(const fewtap_io_reader *, int32_t) { return ""; }

fewtap_io_status fewtap_io_read_rows(
    fewtap_io_reader *, int32_t, int32_t, fewtap_io_sample, void *, char *message, size_t capacity) {
  return unavailable(message, capacity);
}

void fewtap_io_close_reader(fewtap_io_reader *) {}

fewtap_io_status fewtap_io_open_writer(
    const char *, const fewtap_io_spec *, const char *const *, const uint8_t *, size_t, int32_t,
    fewtap_io_writer **writer, char *message, size_t capacity) {
  *writer = nullptr;
  return unavailable(message, capacity);
}

fewtap_io_status fewtap_io_open_file_writer(
    const char *, int, const fewtap_io_spec *, const char *const *, const uint8_t *, size_t, int32_t,
    fewtap_io_writer **writer, char *message, size_t capacity) {
  *writer = nullptr;
  return unavailable(message, capacity);
}

fewtap_io_status fewtap_io_write_rows(
    fewtap_io_writer *, int32_t, int32_t, fewtap_io_sample, const void *, char *message, size_t capacity) {
  return unavailable(message, capacity);
}

fewtap_io_status fewtap_io_finish_writer(
    fewtap_io_writer *, const uint8_t **bytes, size_t *count, char *message, size_t capacity) {
  *bytes = nullptr;
  *count = 0;
  return unavailable(message, capacity);
}

void fewtap_io_close_writer(fewtap_io_writer *) {}

fewtap_io_status fewtap_io_measure_text(
    const char *, const char *, int32_t, int32_t *width, int32_t *height, char *message, size_t capacity) {
  *width = *height = 0;
  return unavailable(message, capacity);
}

fewtap_io_status fewtap_io_draw_text(
    const char *, const char *, int32_t, int32_t, int32_t, float *, char *message, size_t capacity) {
  return unavailable(message, capacity);
}

#endif
