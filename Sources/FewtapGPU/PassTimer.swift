import CFewtapGL

/// Measures passes, by the device's own clock where it has one.
struct PassTimer {
  private let device: GPUDevice

  init(_ device: GPUDevice) { self.device = device }

  /// How long the device works at what `body` gives it.
  func milliseconds(_ body: () throws(GPUError) -> Void) throws(GPUError) -> Double {
    guard device.limits.hasTimers else { return try byHost(body) }
    var timer: UInt32 = 0
    try GPUError.check(fewtap_gl_make_timer(device.handle, &timer), doing: "making a timer")
    defer { fewtap_gl_delete_timer(device.handle, timer) }
    let start = ContinuousClock.now
    try GPUError.check(fewtap_gl_begin_timer(device.handle, timer), doing: "starting a timer")
    // A timer that runs would make the next one fail.
    do throws(GPUError) { try body() } catch {
      fewtap_gl_end_timer(device.handle)
      throw error
    }
    try GPUError.check(fewtap_gl_end_timer(device.handle), doing: "stopping a timer")
    var (nanoseconds, isValid) = (UInt64(0), Int32(0))
    try GPUError.check(
      fewtap_gl_read_timer(device.handle, timer, &nanoseconds, &isValid), doing: "reading a timer")
    // Where the device's clock was disturbed, reading has waited for the pass all the same.
    return isValid != 0 ? Double(nanoseconds) * 1e-6 : (ContinuousClock.now - start) / .milliseconds(1)
  }

  private func byHost(_ body: () throws(GPUError) -> Void) throws(GPUError) -> Double {
    let start = ContinuousClock.now
    try body()
    try GPUError.check(fewtap_gl_finish(device.handle), doing: "waiting for a pass")
    return (ContinuousClock.now - start) / .milliseconds(1)
  }
}
