#ifdef FEWTAP_OPENIMAGEIO

#include "Guard.h"

#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>

namespace {

/// The text's box relative to the baseline's left end, undefined if the font cannot be read. Antialiased edges and overhangs
/// reach beyond the measured box, so it has room of a quarter em all around.
OIIO::ROI box(const char *text, const char *font, int32_t size) {
  OIIO::ROI bounds = OIIO::ImageBufAlgo::text_size(text, size, font);
  if (!bounds.defined()) return bounds;
  const int room = size / 4 + 2;
  bounds.xbegin -= room;
  bounds.xend += room;
  bounds.ybegin -= room;
  bounds.yend += room;
  return bounds;
}

}  // namespace

fewtap_io_status fewtap_io_measure_text(
    const char *text, const char *font, int32_t size, int32_t *width, int32_t *height, char *message, size_t capacity) {
  *width = *height = 0;
  return guarded(message, capacity, [&]() -> std::string {
    const OIIO::ROI bounds = box(text, font, size);
    if (!bounds.defined()) return reason(OIIO::geterror(), "FreeType cannot read the font");
    *width = bounds.width();
    *height = bounds.height();
    return "";
  });
}

fewtap_io_status fewtap_io_draw_text(
    const char *text, const char *font, int32_t size, int32_t width, int32_t height, float *coverage, char *message,
    size_t capacity) {
  return guarded(message, capacity, [&]() -> std::string {
    const OIIO::ROI bounds = box(text, font, size);
    if (!bounds.defined() || bounds.width() != width || bounds.height() != height) return "the font changed meanwhile";
    OIIO::ImageBuf canvas(OIIO::ImageSpec(width, height, 1, OIIO::TypeFloat));
    OIIO::ImageBufAlgo::zero(canvas);
    const float white = 1;
    if (!OIIO::ImageBufAlgo::render_text(canvas, -bounds.xbegin, -bounds.ybegin, text, size, font, white)) {
      return reason(canvas.geterror(), "FreeType cannot draw the text");
    }
    const bool done = canvas.get_pixels(OIIO::ROI(0, width, 0, height, 0, 1, 0, 1), OIIO::TypeFloat, coverage);
    return done ? "" : reason(canvas.geterror(), "the drawn text cannot be read");
  });
}

#endif
