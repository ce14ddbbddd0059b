import FewtapCore

/// The image file formats that are read and written; no other decoder is ever run.
public enum ImageFormat: String, CaseIterable, Sendable, CustomStringConvertible {
  /// Portable Network Graphics.
  case png
  /// JPEG in JFIF or EXIF.
  case jpeg
  /// Tagged Image File Format, BigTIFF included.
  case tiff
  /// OpenEXR.
  case openexr
  /// Radiance RGBE: lossy, 8 significant bits.
  case hdr
  /// Netpbm P1...P6.
  case pnm
  /// Portable float map.
  case pfm
  /// Flexible Image Transport System: physical values, linear.
  case fits
  /// NumPy array of rows x columns [x channels]: values, linear.
  case npy

  /// As many first bytes of a file decide.
  static let longestMagic = 11

  /// The format of a file with these first bytes; nil if none of ours.
  init?(content bytes: some Collection<UInt8>) {
    let head = Array(bytes.prefix(Self.longestMagic))
    func begins(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
    switch true {
    case begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]): self = .png
    case begins([0xFF, 0xD8, 0xFF]): self = .jpeg
    case begins([0x49, 0x49, 42, 0]), begins([0x4D, 0x4D, 0, 42]): self = .tiff
    case begins([0x49, 0x49, 43, 0]), begins([0x4D, 0x4D, 0, 43]): self = .tiff
    case begins([0x76, 0x2F, 0x31, 0x01]): self = .openexr
    case begins(Array("#?RADIANCE".utf8)), begins(Array("#?RGBE".utf8)): self = .hdr
    case begins(Array("PF".utf8)), begins(Array("Pf".utf8)): self = .pfm
    case head.count > 1 && head[0] == 0x50 && (0x31...0x36).contains(head[1]): self = .pnm
    case begins(Array("SIMPLE  =".utf8)): self = .fits
    case begins(NumpyFile.magic): self = .npy
    default: return nil
    }
  }

  /// The format that a path's extension names, in any case; nil if none of ours.
  public init?(path: String) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let suffix = name[name.index(after: dot)...].lowercased()
    guard let format = Self.allCases.first(where: { $0.extensions.contains(suffix) }) else { return nil }
    self = format
  }

  /// File name extensions, the usual one first.
  public var extensions: [String] {
    switch self {
    case .png: ["png"]
    case .jpeg: ["jpg", "jpeg"]
    case .tiff: ["tif", "tiff"]
    case .openexr: ["exr"]
    case .hdr: ["hdr", "rgbe"]
    case .pnm: ["ppm", "pgm", "pnm", "pbm"]
    case .pfm: ["pfm"]
    case .fits: ["fits", "fit"]
    case .npy: ["npy"]
    }
  }

  /// The types that a written file can store.
  public var types: [PixelType] {
    switch self {
    case .png, .pnm: [.uint8, .uint16]
    case .jpeg: [.uint8]
    case .tiff: [.uint8, .uint16, .float]
    case .openexr: [.half, .float]
    case .hdr, .pfm, .fits, .npy: [.float]
    }
  }

  /// True if alpha can be stored; an array does not tell which channel it is.
  public var holdsAlpha: Bool {
    switch self {
    case .png, .tiff, .openexr, .npy: true
    case .jpeg, .hdr, .pnm, .pfm, .fits: false
    }
  }

  /// How many channels beside alpha a file can hold; nil: any number.
  var colorCounts: [Int]? {
    switch self {
    case .png, .jpeg, .pnm, .pfm: [1, 3]
    case .hdr: [3]
    case .tiff, .openexr, .fits, .npy: nil
    }
  }

  /// Most columns and rows of a written file. libjpeg's own limit must be kept here: it ends the process beyond.
  var maximumSide: Int { self == .jpeg ? 65500 : Int(Int32.max) }

  /// True if an ICC profile can be embedded.
  public var holdsColorProfile: Bool { self == .png || self == .jpeg || self == .tiff }

  /// True if the orientation tag can be stored.
  var holdsOrientation: Bool { self == .jpeg || self == .tiff || self == .openexr }

  /// True if dots per inch or centimeter can be stored.
  var holdsResolution: Bool { self == .png || self == .jpeg || self == .tiff || self == .openexr }

  /// The name that OpenImageIO gives its decoder; nil for those that are decoded here.
  var decoderName: String? {
    switch self {
    case .png, .jpeg, .tiff, .openexr, .hdr: rawValue
    case .pnm, .pfm, .fits, .npy: nil
    }
  }

  /// The format's name.
  public var description: String { rawValue }

  /// All formats and their extensions, for messages.
  static var list: String {
    allCases.map { "\($0) (.\($0.extensions.joined(separator: ", .")))" }.joined(separator: ", ")
  }
}
