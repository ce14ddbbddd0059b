import CFewtapGL

/// Measures passes, by the device's own clock where it has one that can be believed.
struct PassTimer {
  private let device: GPUDevice

  init(_ device: GPUDevice) { self.device = device }

  /// How long the device works at what `body` gives it, and who says so.
  ///
  /// A device's time below a microsecond, or longer than the host waited, is no time: Mesa's llvmpipe reports 0 or a nanosecond for
  /// compute passes and the machine's uptime for the first draw.
  func time(_ body: () throws(GPUError) -> Void) throws(GPUError) -> (milliseconds: Double, clock: GPUFilter.Clock) {
    let start = ContinuousClock.now
    var timer: UInt32 = 0
    if device.limits.hasTimers {
      try GPUError.check(fewtap_gl_make_timer(device.handle, &timer), doing: "making a timer")
      try GPUError.check(fewtap_gl_begin_timer(device.handle, timer), doing: "starting a timer")
    }
    // A timer that runs on would make the next one fail.
    defer { if timer != 0 { fewtap_gl_delete_timer(device.handle, timer) } }
    do throws(GPUError) { try body() } catch {
      if timer != 0 { fewtap_gl_end_timer(device.handle) }
      throw error
    }
    if timer != 0 { try GPUError.check(fewtap_gl_end_timer(device.handle), doing: "stopping a timer") }
    try GPUError.check(fewtap_gl_finish(device.handle), doing: "waiting for a pass")
    let waited = (ContinuousClock.now - start) / .milliseconds(1)
    guard timer != 0 else { return (waited, .host) }
    var (nanoseconds, isValid) = (UInt64(0), Int32(0))
    try GPUError.check(fewtap_gl_read_timer(device.handle, timer, &nanoseconds, &isValid), doing: "reading a timer")
    let measured = Double(nanoseconds) * 1e-6
    return isValid != 0 && measured >= 1e-3 && measured <= waited ? (measured, .device) : (waited, .host)
  }
}
