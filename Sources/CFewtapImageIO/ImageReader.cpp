#ifdef FEWTAP_OPENIMAGEIO

#include "FileStream.h"
#include "Guard.h"
#include "LibrarySettings.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <memory>

struct fewtap_io_reader {
  // Each of these works through the one before, so it must be destroyed first.
  FileStream stream;
  std::unique_ptr<OIIO::Filesystem::IOProxy> source;
  std::unique_ptr<OIIO::ImageInput> input;
};

namespace {

OIIO::TypeDesc memoryType(fewtap_io_sample sample) {
  switch (sample) {
    case FEWTAP_IO_UINT8: return OIIO::TypeUInt8;
    case FEWTAP_IO_UINT16: return OIIO::TypeUInt16;
    case FEWTAP_IO_HALF: return OIIO::TypeHalf;
    default: return OIIO::TypeFloat;
  }
}

fewtap_io_sample sampleType(const OIIO::ImageSpec &spec) {
  bool allHalf = spec.format == OIIO::TypeHalf;
  for (const OIIO::TypeDesc &format : spec.channelformats) allHalf = allHalf && format == OIIO::TypeHalf;
  if (spec.channelformats.empty() && spec.format == OIIO::TypeUInt8) return FEWTAP_IO_UINT8;
  if (spec.channelformats.empty() && spec.format == OIIO::TypeUInt16) return FEWTAP_IO_UINT16;
  return allHalf ? FEWTAP_IO_HALF : FEWTAP_IO_FLOAT;
}

bool isCMYK(const OIIO::ImageSpec &spec) {
  // JPEG and TIFF decoders convert CMYK to RGB without its profile, and leave only these marks.
  const std::string space = std::string(spec.get_string_attribute("jpeg:ColorSpace")) + " "
      + std::string(spec.get_string_attribute("tiff:ColorSpace"));
  const int separated = 5;  // TIFF 6.0, PhotometricInterpretation: separated
  return OIIO::Strutil::icontains(space, "CMYK") || OIIO::Strutil::icontains(space, "YCCK")
      || OIIO::Strutil::icontains(space, "separated")
      || spec.get_int_attribute("tiff:PhotometricInterpretation") == separated;
}

int alphaChannel(const OIIO::ImageSpec &spec) {
  if (spec.alpha_channel >= 0 && spec.alpha_channel < spec.nchannels) return spec.alpha_channel;
  for (int channel = 0; channel < int(spec.channelnames.size()); ++channel) {
    const std::string &name = spec.channelnames[channel];
    if (OIIO::Strutil::iequals(name, "A") || OIIO::Strutil::iequals(name, "alpha")) return channel;
  }
  return -1;
}

int cameraFields(const OIIO::ImageSpec &spec) {
  int count = 0;
  for (const OIIO::ParamValue &field : spec.extra_attribs) {
    for (const char *prefix : {"Exif:", "GPS:", "IPTC:"}) count += OIIO::Strutil::starts_with(field.name(), prefix);
  }
  return count;
}

void describe(OIIO::ImageInput &input, const OIIO::ImageSpec &from, fewtap_io_spec &spec) {
  spec.width = from.width;
  spec.height = from.height;
  spec.depth = from.depth;
  spec.channels = from.nchannels;
  spec.alpha_channel = alphaChannel(from);
  spec.alpha_is_associated = spec.alpha_channel >= 0 && from.get_int_attribute("oiio:UnassociatedAlpha", 0) == 0;
  spec.sample = sampleType(from);
  copyText(from.format.c_str(), spec.stored_type, sizeof spec.stored_type);
  spec.orientation = from.get_int_attribute("Orientation", 1);
  spec.x_resolution = from.get_float_attribute("XResolution", 0);
  spec.y_resolution = from.get_float_attribute("YResolution", 0);
  copyText(from.get_string_attribute("ResolutionUnit"), spec.resolution_unit, sizeof spec.resolution_unit);
  spec.x = from.x;
  spec.y = from.y;
  spec.display_x = from.full_x;
  spec.display_y = from.full_y;
  spec.display_width = from.full_width;
  spec.display_height = from.full_height;
  spec.camera_fields = cameraFields(from);
  spec.is_cmyk = isCMYK(from);
  spec.is_deep = from.deep;
  spec.tile_height = from.tile_width > 0 ? from.tile_height : 0;
  spec.strip_height = from.get_int_attribute("tiff:RowsPerStrip", 0);
  spec.photometric = from.get_int_attribute("tiff:PhotometricInterpretation", -1);
  spec.planar_configuration = from.get_int_attribute("tiff:PlanarConfiguration", 0);
  copyText(from.get_string_attribute("compression"), spec.compression, sizeof spec.compression);
  // Asking for a second image is enough to know that there is one; counting them all would decode every header.
  spec.images = input.seek_subimage(1, 0) ? 2 : 1;
  input.seek_subimage(0, 0);
  input.geterror();
}

/// Opens `opened`, whose source is set.
std::string open(fewtap_io_reader &opened, const char *format, fewtap_io_spec &spec) {
  settleLibrary();
  opened.input = OIIO::ImageInput::create(format);
  if (!opened.input) return reason(OIIO::geterror(), "this OpenImageIO has no such decoder");
  if (!opened.input->supports("ioproxy")) return "this OpenImageIO decodes the format from named files only";
  OIIO::ImageSpec hints;
  hints.attribute("oiio:UnassociatedAlpha", 1);
  OIIO::Filesystem::IOProxy *proxy = opened.source.get();
  hints.attribute("oiio:ioproxy", OIIO::TypeDesc::PTR, &proxy);
  OIIO::ImageSpec found;
  const std::string name = std::string("memory.") + format;
  if (!opened.input->open(name, found, hints)) return reason(opened.input->geterror(), "the file is damaged");
  describe(*opened.input, found, spec);
  return "";
}

}  // namespace

fewtap_io_status fewtap_io_open_reader(
    const char *format, const uint8_t *bytes, size_t count, fewtap_io_reader **reader, fewtap_io_spec *spec,
    char *message, size_t capacity) {
  *reader = nullptr;
  return guarded(message, capacity, [&]() -> std::string {
    auto opened = std::make_unique<fewtap_io_reader>();
    opened->source = std::make_unique<OIIO::Filesystem::IOMemReader>(const_cast<uint8_t *>(bytes), count);
    const std::string error = open(*opened, format, *spec);
    if (error.empty()) *reader = opened.release();
    return error;
  });
}

fewtap_io_status fewtap_io_open_file_reader(
    const char *format, int descriptor, fewtap_io_reader **reader, fewtap_io_spec *spec, char *message,
    size_t capacity) {
  *reader = nullptr;
  return guarded(message, capacity, [&]() -> std::string {
    auto opened = std::make_unique<fewtap_io_reader>();
    opened->stream = openStream(descriptor, "rb");
    if (!opened->stream) return systemReason(errno);
    opened->source =
        std::make_unique<OIIO::Filesystem::IOFile>(opened->stream.get(), OIIO::Filesystem::IOProxy::Read);
    const std::string error = open(*opened, format, *spec);
    if (error.empty()) *reader = opened.release();
    return error;
  });
}

const uint8_t *fewtap_io_reader_profile(const fewtap_io_reader *reader, size_t *count) {
  *count = 0;
  const OIIO::ParamValue *profile = reader->input->spec().find_attribute("ICCProfile");
  if (profile == nullptr || profile->type().basetype != OIIO::TypeDesc::UINT8) return nullptr;
  *count = profile->type().size();
  return static_cast<const uint8_t *>(profile->data());
}

const char *fewtap_io_reader_channel_name(const fewtap_io_reader *reader, int32_t channel) {
  const auto &names = reader->input->spec().channelnames;
  return channel >= 0 && size_t(channel) < names.size() ? names[channel].c_str() : "";
}

fewtap_io_status fewtap_io_read_rows(
    fewtap_io_reader *reader, int32_t begin, int32_t end, fewtap_io_sample sample, void *pixels, char *message,
    size_t capacity) {
  return guarded(message, capacity, [&]() -> std::string {
    OIIO::ImageInput &input = *reader->input;
    const OIIO::ImageSpec &spec = input.spec();
    const OIIO::TypeDesc type = memoryType(sample);
    const int top = spec.y + begin, bottom = spec.y + end;
    const bool done = spec.tile_width > 0
        ? input.read_tiles(
            0, 0, spec.x, spec.x + spec.width, top, bottom, spec.z, spec.z + 1, 0, spec.nchannels, type, pixels)
        : input.read_scanlines(0, 0, top, bottom, spec.z, 0, spec.nchannels, type, pixels);
    // Some decoders record an error and answer true.
    return done && !input.has_error() ? "" : reason(input.geterror(), "the pixels end early or are damaged");
  });
}

void fewtap_io_close_reader(fewtap_io_reader *reader) {
  guarded(nullptr, 0, [&]() -> std::string {
    delete reader;
    return "";
  });
}

#endif
