import ArgumentParser
import Fewtap

/// The effects that the DISK paper shows: a family and a map that goes with it.
enum VaryingEffect: String, CaseIterable, ExpressibleByArgument {
  /// A disk whose radius grows on both sides of the middle row.
  case tiltShift = "tilt-shift"
  /// A star of four points that grows toward the corners and turns around the middle.
  case rotationalBokeh = "rotational-bokeh"
  /// Motion away from the middle, the longer the farther: zooming.
  case radialMotion = "radial-motion"

  /// Sizes as in METHOD.md section 7.
  var family: String {
    switch self {
    case .tiltShift: "disk:radius=1...20"
    case .rotationalBokeh: "star:points=4,radius=4...22,inner=32%,rotation=0...90"
    case .radialMotion: "motion:length=1...24,angle=0...180"
    }
  }

  var map: MapPreset {
    switch self {
    case .tiltShift: .tilt
    case .rotationalBokeh, .radialMotion: .radial
    }
  }
}

/// Maps by name, for families of any parameters: lengths and angles each get what suits them.
enum MapPreset: String, CaseIterable {
  /// Lengths grow on both sides of the middle row, angles change across.
  case tilt
  /// Lengths grow with the distance from the middle, angles point away from it.
  case radial
  /// Lengths are the largest, angles point away from the middle.
  case rotation
  /// A ramp with ellipses of other values before it.
  case edgy
  /// Every pixel its own.
  case noisy

  static let names = allCases.map(\.rawValue).joined(separator: ", ")

  /// The map of an image.
  ///
  /// Throws: a usage ``Failure`` for turning what has no angle; ``MapError``.
  func map(width: Int, height: Int, _ axes: [ParameterAxis]) throws -> ParameterMap {
    if self == .rotation, !axes.contains(where: \.isAngle) {
      throw Failure("--map rotation: the family has no angle: choose \(Self.names) or a file", .usage)
    }
    return try ParameterMap(
      width: width, height: height, axes.enumerated().map { source($1, index: $0, width: width, height: height) })
  }

  private func source(_ axis: ParameterAxis, index: Int, width: Int, height: Int) -> MapSource {
    let (low, span) = (axis.range.lowerBound, axis.range.upperBound - axis.range.lowerBound)
    func scene(_ scene: VaryingScene) -> MapSource {
      let plane = scene.plane(width: width, height: height, axis.range)
      return .plane(index % 2 == 0 ? plane : plane.mirrored())
    }
    switch self {
    case .tilt: return axis.isAngle ? .field(.x).mapping { low + span * ($0 + 1) / 2 } : scene(.tilt)
    case .radial, .rotation:
      guard axis.isAngle else { return self == .radial ? scene(.radial) : .constant(axis.range.upperBound) }
      let isPeriodic = axis.isPeriodic
      return .field(.direction).mapping { isPeriodic ? $0 : low + span * ($0 + 180) / 360 }
    case .edgy: return scene(.edgy)
    case .noisy: return scene(.noisy)
    }
  }
}

extension ParameterAxis {
  fileprivate var isAngle: Bool { unit == "degrees" }
}

extension Plane<Float> {
  /// Left and right exchanged.
  fileprivate func mirrored() -> Plane {
    var result = self
    for y in 0..<height { for x in 0..<width { result[x, y] = self[width - 1 - x, y] } }
    return result
  }
}
