#ifdef FEWTAP_OPENIMAGEIO

#include "Guard.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <memory>
#include <vector>

struct fewtap_io_writer {
  // The output writes through the proxy until it is destroyed: it is declared last.
  OIIO::Filesystem::IOVecOutput sink;
  std::unique_ptr<OIIO::ImageOutput> output;
  OIIO::TypeDesc type;
};

namespace {

OIIO::TypeDesc storedType(int32_t sample) {
  switch (sample) {
    case FEWTAP_IO_UINT8: return OIIO::TypeUInt8;
    case FEWTAP_IO_UINT16: return OIIO::TypeUInt16;
    case FEWTAP_IO_HALF: return OIIO::TypeHalf;
    default: return OIIO::TypeFloat;
  }
}

OIIO::ImageSpec specification(
    const std::string &format, const fewtap_io_spec &from, const char *const *names, int32_t quality) {
  OIIO::ImageSpec spec(from.width, from.height, from.channels, storedType(from.sample));
  spec.channelnames.assign(names, names + from.channels);
  spec.alpha_channel = from.alpha_channel;
  spec.attribute("oiio:UnassociatedAlpha", from.alpha_is_associated ? 0 : 1);
  spec.x = from.x;
  spec.y = from.y;
  spec.full_x = from.display_x;
  spec.full_y = from.display_y;
  spec.full_width = from.display_width;
  spec.full_height = from.display_height;
  spec.attribute("Orientation", from.orientation);
  if (from.x_resolution > 0 && from.y_resolution > 0) {
    spec.attribute("XResolution", from.x_resolution);
    spec.attribute("YResolution", from.y_resolution);
    if (from.resolution_unit[0] != '\0') spec.attribute("ResolutionUnit", from.resolution_unit);
  }
  if (format == "jpeg") {
    spec.attribute("compression", "jpeg:" + std::to_string(quality));
    spec.attribute("jpeg:subsampling", "4:4:4");
  } else {
    spec.attribute("compression", "zip");
  }
  return spec;
}

}  // namespace

fewtap_io_status fewtap_io_open_writer(
    const char *format, const fewtap_io_spec *spec, const char *const *channel_names, const uint8_t *profile,
    size_t profile_count, int32_t quality, fewtap_io_writer **writer, char *message, size_t capacity) {
  *writer = nullptr;
  return guarded(message, capacity, [&]() -> std::string {
    auto opened = std::make_unique<fewtap_io_writer>();
    opened->output = OIIO::ImageOutput::create(format);
    if (!opened->output) return reason(OIIO::geterror(), "this OpenImageIO has no such encoder");
    if (!opened->output->supports("ioproxy")) return "this OpenImageIO cannot encode the format into memory";
    OIIO::ImageSpec wanted = specification(format, *spec, channel_names, quality);
    if (profile_count > 0) {
      wanted.attribute("ICCProfile", OIIO::TypeDesc(OIIO::TypeDesc::UINT8, int(profile_count)), profile);
    }
    OIIO::Filesystem::IOProxy *proxy = &opened->sink;
    wanted.attribute("oiio:ioproxy", OIIO::TypeDesc::PTR, &proxy);
    const std::string name = std::string("memory.") + format;
    if (!opened->output->open(name, wanted)) return reason(opened->output->geterror(), "the encoder refused the image");
    opened->type = spec->sample == FEWTAP_IO_HALF ? OIIO::TypeFloat : storedType(spec->sample);
    *writer = opened.release();
    return "";
  });
}

fewtap_io_status fewtap_io_write_rows(
    fewtap_io_writer *writer, int32_t begin, int32_t end, const void *pixels, char *message, size_t capacity) {
  return guarded(message, capacity, [&]() -> std::string {
    OIIO::ImageOutput &output = *writer->output;
    const int top = output.spec().y;
    const bool done = output.write_scanlines(top + begin, top + end, output.spec().z, writer->type, pixels);
    return done ? "" : reason(output.geterror(), "the encoder failed");
  });
}

fewtap_io_status fewtap_io_finish_writer(
    fewtap_io_writer *writer, const uint8_t **bytes, size_t *count, char *message, size_t capacity) {
  return guarded(message, capacity, [&]() -> std::string {
    if (!writer->output->close()) return reason(writer->output->geterror(), "the encoder failed at the end");
    const std::vector<unsigned char> &buffer = writer->sink.buffer();
    *bytes = buffer.data();
    *count = buffer.size();
    return "";
  });
}

void fewtap_io_close_writer(fewtap_io_writer *writer) {
  guarded(nullptr, 0, [&]() -> std::string {
    delete writer;
    return "";
  });
}

#endif
