#ifndef CFEWTAP_IMAGE_IO_H
#define CFEWTAP_IMAGE_IO_H

// OpenImageIO behind a C interface: image files are decoded from, and encoded to, memory or open files.
//
// Every function that can fail answers a status and, if it is not FEWTAP_IO_OK, copies a sentence into `message` (always
// terminated, cut to `capacity`). No C++ exception leaves a function; there is no state outside the handles but
// OpenImageIO's own settings; a handle must not be used by two threads at once. Built without OpenImageIO, every
// function answers FEWTAP_IO_UNAVAILABLE.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fewtap_io_status {
  FEWTAP_IO_OK = 0,
  FEWTAP_IO_FAILED = 1,
  FEWTAP_IO_UNAVAILABLE = 2,
  /// The system refused to store the bytes (a full disk); the sentence is its reason.
  FEWTAP_IO_NOT_STORED = 3,
} fewtap_io_status;

/// How samples lie in memory.
typedef enum fewtap_io_sample {
  FEWTAP_IO_UINT8 = 0,
  FEWTAP_IO_UINT16 = 1,
  FEWTAP_IO_HALF = 2,
  FEWTAP_IO_FLOAT = 3,
} fewtap_io_sample;

/// What a file says about its pixels.
typedef struct fewtap_io_spec {
  int32_t width;
  int32_t height;
  /// Slices of a volume; 1 for an image.
  int32_t depth;
  int32_t channels;
  /// Which channel is alpha; negative: none.
  int32_t alpha_channel;
  /// Nonzero if colors are stored multiplied by alpha.
  int32_t alpha_is_associated;
  /// Stored type (fewtap_io_sample); other types are answered as FEWTAP_IO_FLOAT, with `stored_type` in words.
  int32_t sample;
  char stored_type[16];
  /// 1...8 as in EXIF and TIFF.
  int32_t orientation;
  /// Dots a unit ("in", "cm" or empty); 0: unknown.
  float x_resolution;
  float y_resolution;
  char resolution_unit[8];
  /// Position of the stored pixels in the display window, and that window.
  int32_t x, y, display_x, display_y, display_width, display_height;
  /// How many images the file holds; only the first is read.
  int32_t images;
  /// How many fields a camera or an editor wrote (EXIF, GPS, IPTC); they are not read.
  int32_t camera_fields;
  int32_t is_cmyk;
  int32_t is_deep;
  /// Reads of a tiled image must begin at a multiple of this many rows, and end at one or at the last row; 0: no tiles.
  int32_t tile_height;
  /// Rows that a TIFF compresses together; reads of whole strips are fastest. 0: not a TIFF.
  int32_t strip_height;
  /// TIFF 6.0's PhotometricInterpretation, negative if not told, and PlanarConfiguration; 0: not told.
  int32_t photometric, planar_configuration;
  /// What the file calls its compression.
  char compression[16];
} fewtap_io_spec;

typedef struct fewtap_io_reader fewtap_io_reader;
typedef struct fewtap_io_writer fewtap_io_writer;

/// Opens the image in `bytes`, which must outlive the reader, with the decoder `format` ("png", "tiff", ...) and no other.
/// Colors are neither multiplied nor divided by alpha.
fewtap_io_status fewtap_io_open_reader(
    const char *format, const uint8_t *bytes, size_t count, fewtap_io_reader **reader, fewtap_io_spec *spec,
    char *message, size_t capacity);

/// The same for the regular file behind `descriptor`, which stays the caller's; its file offset moves.
fewtap_io_status fewtap_io_open_file_reader(
    const char *format, int descriptor, fewtap_io_reader **reader, fewtap_io_spec *spec, char *message,
    size_t capacity);

/// The embedded ICC profile, or NULL; valid until the reader is closed.
const uint8_t *fewtap_io_reader_profile(const fewtap_io_reader *reader, size_t *count);

/// The name of a channel, "" past the last; valid until the reader is closed.
const char *fewtap_io_reader_channel_name(const fewtap_io_reader *reader, int32_t channel);

/// Reads rows `begin` up to `end` into `pixels`, interleaved, as `sample`: the stored type (integers keep their codes) or
/// float (integers become code / largest code).
fewtap_io_status fewtap_io_read_rows(
    fewtap_io_reader *reader, int32_t begin, int32_t end, fewtap_io_sample sample, void *pixels, char *message,
    size_t capacity);

void fewtap_io_close_reader(fewtap_io_reader *reader);

/// Opens an encoder into memory. `channel_names` has `spec->channels` entries; `quality` is JPEG's, 1...100.
fewtap_io_status fewtap_io_open_writer(
    const char *format, const fewtap_io_spec *spec, const char *const *channel_names, const uint8_t *profile,
    size_t profile_count, int32_t quality, fewtap_io_writer **writer, char *message, size_t capacity);

/// Opens an encoder into the empty file behind `descriptor`, which stays the caller's; its file offset moves.
fewtap_io_status fewtap_io_open_file_writer(
    const char *format, int descriptor, const fewtap_io_spec *spec, const char *const *channel_names,
    const uint8_t *profile, size_t profile_count, int32_t quality, fewtap_io_writer **writer, char *message,
    size_t capacity);

/// Writes rows `begin` up to `end`, in order, from interleaved samples: the spec's type, or floats for a half.
fewtap_io_status fewtap_io_write_rows(
    fewtap_io_writer *writer, int32_t begin, int32_t end, fewtap_io_sample sample, const void *pixels, char *message,
    size_t capacity);

/// Ends the file and answers its bytes, valid until the writer is closed; none where they went to a descriptor.
fewtap_io_status fewtap_io_finish_writer(
    fewtap_io_writer *writer, const uint8_t **bytes, size_t *count, char *message, size_t capacity);

void fewtap_io_close_writer(fewtap_io_writer *writer);

/// The size in pixels of a box that holds `text` (UTF-8) set in the font file `font` at `size` pixels an em.
fewtap_io_status fewtap_io_measure_text(
    const char *text, const char *font, int32_t size, int32_t *width, int32_t *height, char *message, size_t capacity);

/// Draws that box: coverage 0...1, row-major, `width * height` floats as measured.
fewtap_io_status fewtap_io_draw_text(
    const char *text, const char *font, int32_t size, int32_t width, int32_t height, float *coverage, char *message,
    size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
