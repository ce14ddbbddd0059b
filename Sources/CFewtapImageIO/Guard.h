#pragma once

#include "CFewtapImageIO.h"

#include <cstring>
#include <exception>
#include <string>

/// Copies `text` into a caller's buffer, cut to fit.
inline void copyText(const std::string &text, char *buffer, size_t capacity) {
  if (buffer == nullptr || capacity == 0) return;
  const size_t count = text.size() < capacity - 1 ? text.size() : capacity - 1;
  std::memcpy(buffer, text.data(), count);
  buffer[count] = '\0';
}

/// Runs `body`, which answers an error in words or an empty string, and lets no exception out.
template <typename Body>
fewtap_io_status guarded(char *message, size_t capacity, Body body) {
  try {
    const std::string error = body();
    copyText(error, message, capacity);
    return error.empty() ? FEWTAP_IO_OK : FEWTAP_IO_FAILED;
  } catch (const std::exception &error) {
    copyText(std::string("the decoder failed: ") + error.what(), message, capacity);
  } catch (...) {
    copyText("the decoder failed without a reason", message, capacity);
  }
  return FEWTAP_IO_FAILED;
}

/// An error text of OpenImageIO, never empty.
inline std::string reason(std::string text, const char *otherwise) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? otherwise : text;
}
