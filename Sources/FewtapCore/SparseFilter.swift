/// A fitted filter: a chain of tap layers, the rate at which it runs, its gain, and where it came from. What the fitting
/// side gives and the running side takes; its file is JSON, format version 1.
public struct SparseFilter: Equatable, Sendable {
  /// The layers, in normal form when the filter comes from a fit.
  public var chain: TapChain
  /// The lower rate at which the layers run; nil: the image's own.
  public var rate: Resampling?
  /// Factor on the chain's result: the target kernel's sum, for kernels that have one.
  public var gain: Double
  /// The kernel that it stands for; nil for a filter made by hand.
  public var kernel: KernelReference?
  /// How it was fitted; nil for a filter made by hand.
  public var fit: FitRecord?

  /// A filter of given parts.
  public init(
    chain: TapChain, rate: Resampling? = nil, gain: Double = 1, kernel: KernelReference? = nil, fit: FitRecord? = nil
  ) {
    self.chain = chain
    self.rate = rate
    self.gain = gain
    self.kernel = kernel
    self.fit = fit
  }

  /// The offsets, in pixels of the image, that the filter can touch at any phase.
  public var bounds: OffsetBounds { rate?.bounds(ofLayers: chain.bounds) ?? chain.bounds }
}

/// Which kernel a filter stands for.
public struct KernelReference: Equatable, Sendable {
  /// Specification or file name.
  public var name: String
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Column and row of offset 0.
  public var center: PixelOffset
  /// ``Kernel/sha256``; nil if unknown.
  public var sha256: String?

  /// A reference of given parts.
  public init(name: String, width: Int, height: Int, center: PixelOffset, sha256: String?) {
    self.name = name
    self.width = width
    self.height = height
    self.center = center
    self.sha256 = sha256
  }

  /// The reference to `kernel`.
  public init(_ kernel: Kernel) {
    self.init(
      name: kernel.name, width: kernel.width, height: kernel.height, center: kernel.center, sha256: kernel.sha256)
  }
}

/// How a filter was fitted and how well: the provenance that travels in its file. It holds no times, so that a seed gives
/// the same file on every run.
public struct FitRecord: Equatable, Sendable {
  /// Objective: photo, balanced, highlights or charbonnier.
  public var objective: String
  /// Recipe: fewtap, paper, or planner for a filter that it chose.
  public var recipe: String
  /// Effort: fast, normal, thorough, `seconds` for a fit bounded by the clock, or none for one that needs no search.
  public var effort: String
  /// Seed of every random choice.
  public var seed: UInt64
  /// `|K - T|_2 / |T|_2` of the effective kernel; of a filter at a lower rate that of the worst phase's kernel.
  public var relativeError: Double
  /// Predicted PSNR on photographs, dB, peak 1, linear light: mean over the reference photographs.
  public var photoPSNR: Double
  /// The same for the worst of the reference photographs.
  public var worstPhotoPSNR: Double
  /// `prod_l sum|w|`.
  public var noiseGain: Double
  /// What ended the fit: completed, cancelled or timeLimit.
  public var termination: String
  /// Largest distance of a phase's kernel from the mean kernel, relative to that, for a filter at a lower rate; nil for one at
  /// the image's own rate, which has none.
  public var flicker: Double?

  /// A record of given parts.
  public init(
    objective: String, recipe: String, effort: String, seed: UInt64, relativeError: Double, photoPSNR: Double,
    worstPhotoPSNR: Double, noiseGain: Double, termination: String, flicker: Double? = nil
  ) {
    self.objective = objective
    self.recipe = recipe
    self.effort = effort
    self.seed = seed
    self.relativeError = relativeError
    self.photoPSNR = photoPSNR
    self.worstPhotoPSNR = worstPhotoPSNR
    self.noiseGain = noiseGain
    self.termination = termination
    self.flicker = flicker
  }
}
