#pragma once

#include <OpenImageIO/imageio.h>

#include <thread>

/// Settings that OpenImageIO keeps for the whole process; made before it is used.
///
/// Threads: its pool leaves one core to the caller, and strips are packed and unpacked by less than two threads not at all;
///          where there are two cores, both work. The bytes are the same.
/// Size:    no image is too large by itself (32 GiB would be), for rows are read one by one; whoever holds a whole image
///          looks at its size before.
inline void settleLibrary() {
  static const bool isSettled = [] {
    if (std::thread::hardware_concurrency() == 2) OIIO::attribute("threads", 3);
    return OIIO::attribute("limits:imagesize_MB", 0);
  }();
  (void)isSettled;
}
