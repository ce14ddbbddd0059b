#pragma once

#include <OpenImageIO/imageio.h>

#include <thread>

/// Lets OpenImageIO pack and unpack strips on both cores where there are two: its pool leaves one core to the caller, and is
/// not used with less than two threads. The bytes are the same.
inline void useBothCores() {
  static const bool isSet = std::thread::hardware_concurrency() == 2 && OIIO::attribute("threads", 3);
  (void)isSet;
}
