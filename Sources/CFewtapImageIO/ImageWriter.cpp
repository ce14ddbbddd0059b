#ifdef FEWTAP_OPENIMAGEIO

#include "FileStream.h"
#include "Guard.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <memory>
#include <vector>

namespace {

/// A file that remembers why the system refused bytes: encoders do not tell, and some do not even notice.
class CheckedFile : public OIIO::Filesystem::IOFile {
public:
  explicit CheckedFile(FILE *stream) : IOFile(stream, Write) {}

  size_t write(const void *bytes, size_t count) override {
    const size_t written = IOFile::write(bytes, count);
    if (written < count) note();
    return written;
  }

  size_t pwrite(const void *bytes, size_t count, int64_t offset) override {
    const size_t written = IOFile::pwrite(bytes, count, offset);
    if (written < count) note();
    return written;
  }

  /// The first error number, 0 if all went well. JPEG's encoder writes to the stream behind our back.
  int failure() {
    if (m_failure == 0 && std::ferror(handle())) note();
    return m_failure;
  }

  /// Hands the last bytes to the system.
  void end() {
    if (std::fflush(handle()) != 0) note();
  }

private:
  void note() {
    if (m_failure == 0) m_failure = errno != 0 ? errno : EIO;
  }

  int m_failure = 0;
};

}  // namespace

struct fewtap_io_writer {
  // Each of these works through the one before, so it must be destroyed first. One of the sinks is null.
  FileStream stream;
  std::unique_ptr<CheckedFile> file;
  std::unique_ptr<OIIO::Filesystem::IOVecOutput> memory;
  std::unique_ptr<OIIO::ImageOutput> output;
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

/// The status of `status`; if the disk is to blame, its reason is the sentence, not what the encoder made of it.
fewtap_io_status blamed(fewtap_io_writer *writer, fewtap_io_status status, char *message, size_t capacity) {
  const int number = writer != nullptr && writer->file ? writer->file->failure() : 0;
  if (status == FEWTAP_IO_OK || number == 0) return status;
  copyText(systemReason(number), message, capacity);
  return FEWTAP_IO_NOT_STORED;
}

/// Opens `opened`, whose sink is set.
std::string open(
    fewtap_io_writer &opened, const char *format, const fewtap_io_spec &spec, const char *const *names,
    const uint8_t *profile, size_t profile_count, int32_t quality) {
  opened.output = OIIO::ImageOutput::create(format);
  if (!opened.output) return reason(OIIO::geterror(), "this OpenImageIO has no such encoder");
  if (!opened.output->supports("ioproxy")) return "this OpenImageIO encodes the format into named files only";
  OIIO::ImageSpec wanted = specification(format, spec, names, quality);
  if (profile_count > 0) {
    wanted.attribute("ICCProfile", OIIO::TypeDesc(OIIO::TypeDesc::UINT8, int(profile_count)), profile);
  }
  OIIO::Filesystem::IOProxy *proxy = opened.memory.get();
  if (opened.file) proxy = opened.file.get();
  wanted.attribute("oiio:ioproxy", OIIO::TypeDesc::PTR, &proxy);
  const std::string name = std::string("memory.") + format;
  if (!opened.output->open(name, wanted)) return reason(opened.output->geterror(), "the encoder refused the image");
  return "";
}

}  // namespace

fewtap_io_status fewtap_io_open_writer(
    const char *format, const fewtap_io_spec *spec, const char *const *channel_names, const uint8_t *profile,
    size_t profile_count, int32_t quality, fewtap_io_writer **writer, char *message, size_t capacity) {
  *writer = nullptr;
  return guarded(message, capacity, [&]() -> std::string {
    auto opened = std::make_unique<fewtap_io_writer>();
    opened->memory = std::make_unique<OIIO::Filesystem::IOVecOutput>();
    const std::string error = open(*opened, format, *spec, channel_names, profile, profile_count, quality);
    if (error.empty()) *writer = opened.release();
    return error;
  });
}

fewtap_io_status fewtap_io_open_file_writer(
    const char *format, int descriptor, const fewtap_io_spec *spec, const char *const *channel_names,
    const uint8_t *profile, size_t profile_count, int32_t quality, fewtap_io_writer **writer, char *message,
    size_t capacity) {
  *writer = nullptr;
  std::unique_ptr<fewtap_io_writer> opened;
  const fewtap_io_status status = guarded(message, capacity, [&]() -> std::string {
    opened = std::make_unique<fewtap_io_writer>();
    opened->stream = openStream(descriptor, "wb");
    if (!opened->stream) return systemReason(errno);
    opened->file = std::make_unique<CheckedFile>(opened->stream.get());
    return open(*opened, format, *spec, channel_names, profile, profile_count, quality);
  });
  if (status != FEWTAP_IO_OK) return blamed(opened.get(), status, message, capacity);
  *writer = opened.release();
  return status;
}

fewtap_io_status fewtap_io_write_rows(
    fewtap_io_writer *writer, int32_t begin, int32_t end, fewtap_io_sample sample, const void *pixels, char *message,
    size_t capacity) {
  const fewtap_io_status status = guarded(message, capacity, [&]() -> std::string {
    OIIO::ImageOutput &output = *writer->output;
    const int top = output.spec().y;
    const bool done =
        output.write_scanlines(top + begin, top + end, output.spec().z, storedType(sample), pixels);
    // A disk that is full makes some encoders only record an error, or nothing at all.
    const bool stored = !writer->file || writer->file->failure() == 0;
    return done && stored ? "" : reason(output.geterror(), "the encoder failed");
  });
  return blamed(writer, status, message, capacity);
}

fewtap_io_status fewtap_io_finish_writer(
    fewtap_io_writer *writer, const uint8_t **bytes, size_t *count, char *message, size_t capacity) {
  *bytes = nullptr;
  *count = 0;
  const fewtap_io_status status = guarded(message, capacity, [&]() -> std::string {
    const bool done = writer->output->close();
    if (writer->file) writer->file->end();
    const bool stored = !writer->file || writer->file->failure() == 0;
    if (!done || !stored) return reason(writer->output->geterror(), "the encoder failed at the end");
    if (writer->memory) {
      const std::vector<unsigned char> &buffer = writer->memory->buffer();
      *bytes = buffer.data();
      *count = buffer.size();
    }
    return "";
  });
  return blamed(writer, status, message, capacity);
}

void fewtap_io_close_writer(fewtap_io_writer *writer) {
  guarded(nullptr, 0, [&]() -> std::string {
    delete writer;
    return "";
  });
}

#endif
