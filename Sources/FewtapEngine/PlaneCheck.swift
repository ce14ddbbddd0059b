import FewtapCore

extension Plane<Float> {
  /// `values` is settable, so its count is checked before any pointer is made of it; `channel` is what the error calls it.
  ///
  /// Throws: ``ApplyError/malformedPlane(channel:width:height:count:)``.
  func check(channel: Int) throws(ApplyError) {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, values.count == count else {
      throw .malformedPlane(channel: channel, width: width, height: height, count: values.count)
    }
  }
}

extension Plane {
  /// The plane of what `convert` makes of each number.
  func converted<Other>(_ convert: (Scalar) -> Other) -> Plane<Other> {
    Plane<Other>(width: width, height: height, exactly: values.map(convert))
  }
}
