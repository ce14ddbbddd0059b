#ifdef FEWTAP_OPENIMAGEIO

#include "FileStream.h"
#include "Guard.h"
#include "LibrarySettings.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <memory>
#include <vector>

#include <sys/stat.h>

namespace {

/// The caller's file. It takes all bytes, and remembers why the system refused some: JPEG's encoder ends the process at a
/// write that fails, and others do not notice. Whoever writes looks at `failure` in between.
struct Disk {
  int descriptor;
  off_t position = 0;
  /// The first error number; 0 if all went well.
  int failure = 0;

  void write(const char *bytes, size_t count, off_t offset) {
    while (count > 0 && failure == 0) {
      const ssize_t written = pwrite(descriptor, bytes, count, offset);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        failure = written < 0 ? errno : EIO;
        return;
      }
      bytes += written;
      count -= size_t(written);
      offset += written;
    }
  }

  off_t seek(off_t offset, int origin) {
    if (origin == SEEK_CUR) offset += position;
    if (origin == SEEK_END) {
      struct stat status;
      offset += fstat(descriptor, &status) == 0 ? status.st_size : 0;
    }
    if (offset < 0) return -1;
    return position = offset;
  }
};

#ifdef __linux__

ssize_t writeToDisk(void *disk, const char *bytes, size_t count) {
  Disk &file = *static_cast<Disk *>(disk);
  file.write(bytes, count, file.position);
  file.position += off_t(count);
  return ssize_t(count);
}

int seekOnDisk(void *disk, off64_t *offset, int origin) {
  *offset = static_cast<Disk *>(disk)->seek(*offset, origin);
  return *offset < 0 ? -1 : 0;
}

FileStream openStream(Disk &disk) {
  return FileStream(fopencookie(&disk, "wb", {nullptr, writeToDisk, seekOnDisk, nullptr}));
}

#else

int writeToDisk(void *disk, const char *bytes, int count) {
  Disk &file = *static_cast<Disk *>(disk);
  file.write(bytes, size_t(count), file.position);
  file.position += count;
  return count;
}

fpos_t seekOnDisk(void *disk, fpos_t offset, int origin) { return static_cast<Disk *>(disk)->seek(offset, origin); }

FileStream openStream(Disk &disk) { return FileStream(funopen(&disk, nullptr, writeToDisk, seekOnDisk, nullptr)); }

#endif

/// What encoders write to: by way of a C stream, as JPEG's uses nothing else.
class DiskProxy : public OIIO::Filesystem::IOFile {
public:
  DiskProxy(FILE *stream, Disk &disk) : OIIO::Filesystem::IOFile(stream, Write), m_disk(disk) {}

  size_t pwrite(const void *bytes, size_t count, int64_t offset) override {
    std::fflush(handle());
    m_disk.write(static_cast<const char *>(bytes), count, offset);
    return count;
  }

private:
  Disk &m_disk;
};

}  // namespace

struct fewtap_io_writer {
  // Each of these works through the one before, so it must be destroyed first. One of the sinks is null.
  Disk disk;
  FileStream stream;
  std::unique_ptr<DiskProxy> file;
  std::unique_ptr<OIIO::Filesystem::IOVecOutput> memory;
  std::unique_ptr<OIIO::ImageOutput> output;

  explicit fewtap_io_writer(int descriptor) : disk{descriptor} {}
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
  // These encoders add the time of writing, and two runs would differ. TIFF's skips a date that is no text, OpenEXR's would
  // store it.
  if (format == "tiff") spec.attribute("DateTime", 0);
  if (format == "openexr") spec.attribute("DateTime", "");
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

/// The status of `status`, unless the disk is to blame: then its reason is the sentence, not what the encoder made of it.
fewtap_io_status blamed(const fewtap_io_writer *writer, fewtap_io_status status, char *message, size_t capacity) {
  if (writer == nullptr || writer->disk.failure == 0) return status;
  copyText(systemReason(writer->disk.failure), message, capacity);
  return FEWTAP_IO_NOT_STORED;
}

/// Opens `opened`, whose sink is set.
std::string open(
    fewtap_io_writer &opened, const char *format, const fewtap_io_spec &spec, const char *const *names,
    const uint8_t *profile, size_t profile_count, int32_t quality) {
  settleLibrary();
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
    auto opened = std::make_unique<fewtap_io_writer>(-1);
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
    opened = std::make_unique<fewtap_io_writer>(descriptor);
    opened->stream = openStream(opened->disk);
    if (!opened->stream) return systemReason(errno);
    opened->file = std::make_unique<DiskProxy>(opened->stream.get(), opened->disk);
    return open(*opened, format, *spec, channel_names, profile, profile_count, quality);
  });
  const fewtap_io_status blame = blamed(opened.get(), status, message, capacity);
  if (blame == FEWTAP_IO_OK) *writer = opened.release();
  return blame;
}

fewtap_io_status fewtap_io_write_rows(
    fewtap_io_writer *writer, int32_t begin, int32_t end, fewtap_io_sample sample, const void *pixels, char *message,
    size_t capacity) {
  const fewtap_io_status status = guarded(message, capacity, [&]() -> std::string {
    OIIO::ImageOutput &output = *writer->output;
    const int top = output.spec().y;
    const bool done =
        output.write_scanlines(top + begin, top + end, output.spec().z, storedType(sample), pixels);
    return done ? "" : reason(output.geterror(), "the encoder failed");
  });
  return blamed(writer, status, message, capacity);
}

fewtap_io_status fewtap_io_finish_writer(
    fewtap_io_writer *writer, const uint8_t **bytes, size_t *count, char *message, size_t capacity) {
  *bytes = nullptr;
  *count = 0;
  const fewtap_io_status status = guarded(message, capacity, [&]() -> std::string {
    if (!writer->output->close()) return reason(writer->output->geterror(), "the encoder failed at the end");
    if (writer->stream) std::fflush(writer->stream.get());
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
