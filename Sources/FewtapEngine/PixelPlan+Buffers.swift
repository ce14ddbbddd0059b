internal import CFewtapKernels
import FewtapCore

/// What a run over stored samples met.
public struct AppliedPixels: Equatable, Sendable {
  /// Samples that the output's type could not hold: they were clamped, and NaN became 0 in integer types.
  public var clippedSamples: Int
}

extension PixelPlan {
  /// Filters an image in memory that belongs to the caller into another such memory.
  ///
  /// Shapes:   `height` rows in the layouts' strides; both of the plan's width, with the same channels and alpha. Sample types
  ///           and transfer functions may differ; conversion happens row by row, on the way into the first and out of the
  ///           last stage.
  /// Accuracy: as ``ApplyPlan/apply(to:options:)``, then the nearest code of the output's type.
  /// Throws:   ``ApplyError``, also ``ApplyError/layout(_:)`` for buffers that are too small, misaligned or overlapping,
  ///           strides that do not fit, or layouts that contradict each other. A refused pixel is the first in reading order,
  ///           then by channel.
  @discardableResult
  public func apply(
    from input: UnsafeRawBufferPointer, _ inputLayout: PixelLayout, to output: UnsafeMutableRawBufferPointer,
    _ outputLayout: PixelLayout, height: Int, options: ApplyOptions = ApplyOptions()
  ) throws(ApplyError) -> AppliedPixels {
    let coders = try coders(inputLayout, outputLayout)
    let origins: (UnsafeRawPointer, UnsafeMutableRawPointer)
    do {
      try PixelLayout.checkDisjoint(input, output)
      origins = (
        try inputLayout.origin(in: input, height: height), try outputLayout.origin(in: output, height: height)
      )
    } catch {
      throw .layout(error)
    }
    return try run(
      SourceImage(coders.input, origin: origins.0, rows: 0..<height, height: height),
      TargetImage(coders.output, origin: origins.1, firstRow: 0, height: height), coders, rows: 0..<height,
      held: 0..<height, options: options)
  }

  func coders(_ input: PixelLayout, _ output: PixelLayout) throws(ApplyError) -> (input: RowCoder, output: RowCoder) {
    for layout in [input, output] where layout.width != width {
      throw .widthDiffers(planned: width, found: layout.width)
    }
    guard input.channels == output.channels, input.alphaIndex == output.alphaIndex else {
      throw .layout(.channelsDiffer(input: input.channels, output: output.channels))
    }
    let kernels = work.kernels.table
    return (RowCoder(input, kernels: kernels), RowCoder(output, kernels: kernels))
  }

  /// Filters `rows`; `held` are the rows of the source that are at hand.
  func run(
    _ source: SourceImage, _ target: TargetImage, _ coders: (input: RowCoder, output: RowCoder), rows: Range<Int>,
    held: Range<Int>, options: ApplyOptions
  ) throws(ApplyError) -> AppliedPixels {
    let pass = PixelPass(
      source: source, target: target, alphaIndex: coders.input.layout.alphaIndex,
      lightIsAssociated: (coders.input.lightIsAssociated, coders.output.lightIsAssociated), options: options)
    let clipped = try work.run(pass, rows: rows) { () throws(ApplyError) in
      try source.refuseNonFinite(rows: held, work.kernels)
    }
    return AppliedPixels(clippedSamples: clipped)
  }
}
