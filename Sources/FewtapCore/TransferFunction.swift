#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How stored values stand for linear light.
public enum TransferFunction: String, CaseIterable, Sendable {
  /// The stored value is the light.
  case linear
  /// The piecewise curve of sRGB.
  ///
  /// Source: IEC 61966-2-1:1999, 5.2; departure: negative values mirror it, and values above 1 continue its power.
  case srgb

  /// Light of an encoded value; 1 is full scale.
  public func decode(_ encoded: Double) -> Double {
    guard self == .srgb else { return encoded }
    let size = abs(encoded)
    let light = size <= 0.04045 ? size / 12.92 : pow((size + 0.055) / 1.055, 2.4)
    return encoded < 0 ? -light : light
  }

  /// Encoded value of light; inverse of ``decode(_:)`` but for the standard's own rounding of the joint (3e-8).
  public func encode(_ light: Double) -> Double {
    guard self == .srgb else { return light }
    let size = abs(light)
    let encoded = size <= 0.0031308 ? size * 12.92 : 1.055 * pow(size, 1 / 2.4) - 0.055
    return light < 0 ? -encoded : encoded
  }

  /// Light of every code `0...maximumCode`.
  package func decodingTable(maximumCode: Int) -> [Float] {
    (0...maximumCode).map { Float(decode(Double($0) / Double(maximumCode))) }
  }
}

/// Which transfer function a caller asks for (`--transfer`).
public enum Transfer: String, CaseIterable, Sendable {
  /// sRGB for integer files, linear for floating ones.
  case automatic
  /// Values are light.
  case linear
  /// Values are sRGB codes.
  case srgb

  /// The function to use for a file that stores `type`.
  package func function(for type: PixelType) -> TransferFunction {
    switch self {
    case .automatic: type.isInteger ? .srgb : .linear
    case .linear: .linear
    case .srgb: .srgb
    }
  }
}
