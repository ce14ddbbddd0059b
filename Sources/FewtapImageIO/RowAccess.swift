import CFewtapImageIO
import FewtapCore
import Foundation

/// How the rows of a file are best reached through OpenImageIO, and what that takes.
struct RowAccess {
  /// Rows that are read together, from multiples of this on; nil: any rows will do.
  let bandHeight: Int?
  /// True if a row above the last one read is reached by beginning anew.
  let isSequential: Bool
  /// Upper bound of what is held beside the rows asked for, in bytes.
  let workingBytes: Int

  /// What a band of strips or lines should take at least, for the decoder's threads to have work, in bytes.
  private static let usualBand = 4 << 20

  init(_ spec: fewtap_io_spec, _ format: ImageFormat, _ layout: SampleLayout, _ source: ByteSource) {
    // In Double: a damaged header's sizes do not overflow it.
    let (row, image) = (Double(layout.rowBytes), Double(layout.rowBytes) * Double(layout.height))
    /// Rows in multiples of `step` that take about the usual size, within the image.
    func rows(_ step: Int) -> Int { min(max(1, Self.usualBand / layout.rowBytes / step) * step, layout.height) }
    var held = 0.0
    if spec.tile_height > 0 {
      bandHeight = Int(spec.tile_height)
      isSequential = false
      // Our band, the tiles, which may reach beyond the image, and what they are unpacked from.
      held = 3 * (row * Double(spec.tile_height) + Double(Self.usualBand))
    } else {
      switch format {
      case .tiff:
        isSequential = true
        let strip = min(max(1, Int(spec.strip_height)), layout.height)
        let stripBytes = Double(strip) * row
        let isSeparate = spec.planar_configuration == 2
        if stripBytes > Double(Self.usualBand), !isSeparate {
          // By single lines, for which the library holds one compressed strip.
          bandHeight = nil
          held = min(Double(source.count), stripBytes * 9 / 8) + 4 * row
        } else {
          // Planes apart are unpacked once a strip, not once a line.
          let band = stripBytes > Double(Self.usualBand) ? strip : rows(strip)
          bandHeight = band
          held = 4 * Double(band) * row
        }
        // Other colors than gray, RGB, palettes and inks are unpacked as one image of 4 bytes a pixel.
        if spec.photometric > 3, spec.photometric != 5 {
          held += 4 * Double(layout.width) * Double(layout.height) + image / 8
        }
      case .openexr:
        isSequential = false
        // OpenEXR packs up to 256 lines together (DWAB), else up to 32, and its threads hold two such blocks each.
        let compression = withUnsafeBytes(of: spec.compression) { text(in: $0) }
        let lines = compression.hasPrefix("dwab") ? 256 : 32
        bandHeight = rows(lines)
        let blocks = 4 * (ProcessInfo.processInfo.activeProcessorCount + 1) * lines
        held = Double(rows(lines) + blocks) * row
      case .png:
        (bandHeight, isSequential) = (nil, true)
        held = Self.isInterlaced(source) ? image : 8 * row
      default:
        (bandHeight, isSequential) = (nil, true)
        held = 64 * row
        if format == .jpeg, Self.hasSeveralScans(source) {
          // A coefficient takes 2 bytes; blocks of 16x16 pixels reach beyond the image.
          held += 2 * Double((layout.width + 15) * (layout.height + 15) * layout.channels)
        }
      }
    }
    // Tables, and the buffers of streams.
    workingBytes = Int(min(held, 0x1p60)) + (1 << 20)
  }

  /// PNG's interlace method is the last byte of its header chunk (RFC 2083, 4.1.1).
  private static func isInterlaced(_ source: ByteSource) -> Bool { source.bytes(at: 28, upTo: 1) != [0] }

  /// True if a JPEG's decoder must hold all coefficients: progressive frames, or a scan that lacks channels
  /// (ITU-T T.81, B.1, B.2.2, B.2.3).
  private static func hasSeveralScans(_ source: ByteSource) -> Bool {
    var (position, channels) = (2, UInt8(0))
    while true {
      let head = source.bytes(at: position, upTo: 10)
      guard head.count == 10, head[0] == 0xFF else { return true }
      switch head[1] {
      case 0xFF: position += 1
      case 0xC0, 0xC1:
        channels = head[9]
        position += 2 + (Int(head[2]) << 8 | Int(head[3]))
      case 0xC2...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: return true
      case 0xDA: return head[4] < channels
      default: position += 2 + (Int(head[2]) << 8 | Int(head[3]))
      }
    }
  }
}
