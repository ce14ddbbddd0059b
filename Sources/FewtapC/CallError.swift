import CFewtap
import FewtapCore
import FewtapEngine
import FewtapFit
import FewtapTargets

/// What a call answers instead of a result.
struct CallError: Error {
  let status: fewtap_status
  let message: String

  init(_ status: fewtap_status, _ message: String) { (self.status, self.message) = (status, message) }

  /// The argument `name` is NULL.
  static func null(_ name: String) -> CallError { CallError(FEWTAP_BAD_ARGUMENT, "\(name) is NULL: it is needed") }

  /// The argument or field `name` is `value`.
  static func value(_ name: String, _ value: some Any, expected: String) -> CallError {
    CallError(FEWTAP_BAD_ARGUMENT, "\(name) is \(value): expected \(expected)")
  }

  /// Any error that the library throws.
  init(_ error: any Error) {
    self =
      switch error {
      case let error as CallError: error
      case let error as any StatusError: CallError(error.status, "\(error)")
      default: CallError(FEWTAP_INTERNAL, "\(error)")
      }
  }

  /// Tells the caller.
  func tell(_ error: UnsafeMutablePointer<fewtap_error>?) {
    guard let error else { return }
    error.pointee.status = status
    copy(message, into: &error.pointee.message)
  }
}

/// Writes `text` and the 0 at its end to a field of characters, cut off at a whole character where it is longer.
func copy<Field>(_ text: String, into field: inout Field) {
  withUnsafeMutableBytes(of: &field) { bytes in
    var end = 0
    for character in text.unicodeScalars {
      let units = String(character).utf8
      guard end + units.count < bytes.count else { break }
      for unit in units {
        bytes[end] = unit
        end += 1
      }
    }
    bytes[end] = 0
  }
}

/// Runs what a call does, and answers its status; `error` may be NULL.
func call(_ error: UnsafeMutablePointer<fewtap_error>?, _ body: () throws -> Void) -> fewtap_status {
  do {
    try body()
    return FEWTAP_OK
  } catch let thrown {
    let failure = CallError(thrown)
    failure.tell(error)
    return failure.status
  }
}

/// An error of the library that knows its status.
protocol StatusError: Error {
  var status: fewtap_status { get }
}

extension KernelError: StatusError {
  var status: fewtap_status {
    switch self {
    case .empty, .tooLarge, .evenSizeWithoutCenter, .centerOutside: FEWTAP_BAD_SHAPE
    case .nonFinite: FEWTAP_NON_FINITE
    case .allZero: FEWTAP_BAD_ARGUMENT
    }
  }
}

extension TargetError: StatusError {
  var status: fewtap_status {
    switch self {
    case .unknownKernel, .unknownParameter, .duplicateParameter, .notAnAssignment, .malformed, .notAFamily:
      FEWTAP_BAD_FORMAT
    case .outOfRange, .contradiction, .cutOff, .tooLarge, .constantParameter, .endsDiffer: FEWTAP_BAD_ARGUMENT
    case .pointCount: FEWTAP_BAD_SHAPE
    case .kernel(let error): error.status
    }
  }
}

extension FilterError: StatusError {
  // Of a filter made by hand; what reads files knows better.
  var status: fewtap_status { FEWTAP_BAD_ARGUMENT }
}

extension FitError: StatusError {
  var status: fewtap_status {
    if case .noiseGainNotReached = self { return FEWTAP_NOT_REACHED }
    return FEWTAP_BAD_ARGUMENT
  }
}

extension PlanError: StatusError {
  var status: fewtap_status {
    switch self {
    case .badDemand: FEWTAP_BAD_ARGUMENT
    case .tooCheap, .outOfReach, .pointLight, .halfNoise, .halfRange: FEWTAP_NOT_REACHED
    case .cancelled: FEWTAP_CANCELLED
    }
  }
}

extension BasisFitError: StatusError {
  var status: fewtap_status {
    switch self {
    case .wrongAxisCount: FEWTAP_BAD_SHAPE
    case .errorNotReached, .errorNotReachedBySeries, .templateNotReached, .singular: FEWTAP_NOT_REACHED
    case .badCheckpoint: FEWTAP_BAD_FORMAT
    case .cancelled: FEWTAP_CANCELLED
    case .oneKernel, .badKnotCount, .tooManyKnots, .badError, .badTermCount, .tooManyTerms, .option, .badSum, .badRates,
      .otherCheckpoint:
      FEWTAP_BAD_ARGUMENT
    }
  }
}

extension ApplyError: StatusError {
  var status: fewtap_status {
    switch self {
    case .malformedPlane, .cotangentSize, .coordinateCount, .widthDiffers, .badWidth, .mapSize, .mapAxes, .weightPlanes:
      FEWTAP_BAD_SHAPE
    case .nonFinitePixel, .nonFiniteBorder, .badMap: FEWTAP_NON_FINITE
    case .workingSet, .memory: FEWTAP_OUT_OF_MEMORY
    case .interpolatesTaps, .adjointOfAlpha: FEWTAP_UNSUPPORTED
    case .layout(let error): error.status
    case .cancelled: FEWTAP_CANCELLED
    case .filter, .zeroSumNormalized, .sumBeyondFloat, .coordinate, .unknownInstructionSet, .sumsDiffer, .noRadiusAxis,
      .borderWithoutDepth:
      FEWTAP_BAD_ARGUMENT
    }
  }
}

extension PixelLayoutError: StatusError {
  var status: fewtap_status {
    if case .buffersOverlap = self { return FEWTAP_BAD_ARGUMENT }
    return FEWTAP_BAD_SHAPE
  }
}

extension MapError: StatusError {
  var status: fewtap_status {
    switch self {
    case .notANumber: FEWTAP_NON_FINITE
    case .outside, .malformed: FEWTAP_BAD_ARGUMENT
    case .shapesDiffer, .empty, .noPlanes, .planesDiffer, .planeCount, .axisCount: FEWTAP_BAD_SHAPE
    }
  }
}
