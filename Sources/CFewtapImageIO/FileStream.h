#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include <unistd.h>

/// A C stream. Some codecs (JPEG) read and write files through one only, and would hold the whole file otherwise.
struct CloseStream {
  void operator()(FILE *stream) const { std::fclose(stream); }
};
using FileStream = std::unique_ptr<FILE, CloseStream>;

/// A stream on a copy of a caller's descriptor, at its beginning, or null with `errno` set.
inline FileStream openStream(int descriptor, const char *mode) {
  const int copy = dup(descriptor);
  if (copy < 0) return nullptr;
  FileStream stream(fdopen(copy, mode));
  if (!stream) {
    close(copy);
    return nullptr;
  }
  // The file offset is shared with every other copy of the descriptor.
  if (fseeko(stream.get(), 0, SEEK_SET) != 0) return nullptr;
  return stream;
}

/// The system's sentence for an error number.
inline std::string systemReason(int number) { return std::strerror(number); }
