/// How a file or a buffer stores one sample.
public enum PixelType: String, CaseIterable, Sendable, CustomStringConvertible {
  /// Integer codes 0...255.
  case uint8
  /// Integer codes 0...65535.
  case uint16
  /// IEEE binary16: 11 significant bits, largest value 65504.
  case half
  /// IEEE binary32.
  case float

  /// The code of full scale; nil for floating types, which need none.
  public var maximumCode: Int? {
    switch self {
    case .uint8: 255
    case .uint16: 65535
    case .half, .float: nil
    }
  }

  /// True for types that hold 0...1 only.
  public var isInteger: Bool { maximumCode != nil }

  /// Bytes of a sample in memory.
  package var byteCount: Int {
    switch self {
    case .uint8: 1
    case .uint16, .half: 2
    case .float: 4
    }
  }

  /// The type's name, as `--type` takes it.
  public var description: String { rawValue }

  /// The types that can stand in for this one, best first: one that loses nothing, else the one that loses least.
  package var substitutes: [PixelType] {
    switch self {
    case .uint8: [.uint8, .uint16, .half, .float]
    case .uint16: [.uint16, .float, .half, .uint8]
    case .half: [.half, .float, .uint16, .uint8]
    case .float: [.float, .half, .uint16, .uint8]
    }
  }

  /// True if every value of this type is a value of `other`. A half holds every uint8 code apart, in sRGB too (its codes lie
  /// at least 1/3295 of full scale apart, where half steps are finer), but not every uint16 code.
  package func fits(in other: PixelType) -> Bool {
    switch (self, other) {
    case (.uint8, _), (_, .float): true
    case (.uint16, .uint16), (.half, .half): true
    default: false
    }
  }
}
