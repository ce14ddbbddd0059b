import FewtapCore

/// The exit pupil of a lens: what it lets through, and how far its wavefront is from the perfect sphere.
public struct Pupil: Equatable, Sendable {
  /// Wavefront error by polynomial, in wavelengths RMS over the full disk.
  public var aberrations: [Zernike: Double]
  /// Radius of the hidden middle, in pupil radii.
  public var obscuration: Double
  /// How many struts run from the middle to the rim, evenly spread.
  public var struts: Int
  /// Width of a strut, in pupil radii.
  public var strutWidth: Double
  /// Direction of the first strut, degrees counterclockwise as seen.
  public var strutAngle: Double
  /// Wavelength times f-number, in pixels: the first dark ring of a perfect lens has radius 1.22 of these. At 2 and above the
  /// samples at the pixels' centers hold all that the image can have.
  public var sampling: Double

  /// A pupil; by default a clear, perfect one.
  public init(
    aberrations: [Zernike: Double] = [:], obscuration: Double = 0, struts: Int = 0, strutWidth: Double = 0.02,
    strutAngle: Double = 90, sampling: Double = 2.4
  ) {
    self.aberrations = aberrations
    self.obscuration = obscuration
    self.struts = struts
    self.strutWidth = strutWidth
    self.strutAngle = strutAngle
    self.sampling = sampling
  }
}

extension Kernel {
  /// The image of a monochromatic point of light through a pupil (its point spread function), `size` pixels a side.
  ///
  /// Equation:  |sum over the pupil of A exp(2 pi i W) exp(-2 pi i u x)|^2 at the pixels' centers, over its sum
  /// Center:    the pixel nearest to the centroid of all light, so that whole pixels of tilt and coma's shift go
  /// Accuracy:  1e-4 of the peak up to 0.6 wavelengths RMS; light beyond `size` is cut and the rest has sum 1
  /// Throws:    ``TargetError`` if a value is out of range or nothing of the pupil is open
  public static func psf(_ pupil: Pupil, size: Int = 49) throws(TargetError) -> Kernel {
    var values: [String: ParameterValue?] = [
      "obscuration": .number(pupil.obscuration), "struts": .whole(pupil.struts),
      "strut-width": .number(pupil.strutWidth), "strut-angle": .number(pupil.strutAngle),
      "sampling": .number(pupil.sampling), "size": .whole(size),
    ]
    for (zernike, waves) in pupil.aberrations { values[zernike.key] = .number(waves) }
    let specification = try KernelSpecification("psf", values)
    guard let intensity = pupil.intensity(half: size / 2) else {
      throw .contradiction(kernel: "psf", "the struts and the hidden middle close the whole pupil")
    }
    return try specification.kernel(intensity, normalized: true)
  }
}

extension Zernike {
  /// Its key in a specification.
  var key: String {
    switch self {
    case .tiltX: "tilt-x"
    case .tiltY: "tilt-y"
    case .defocus: "defocus"
    case .astigmatismDiagonal: "astigmatism-diagonal"
    case .astigmatism: "astigmatism"
    case .coma: "coma"
    case .comaX: "coma-x"
    case .trefoil: "trefoil"
    case .trefoilX: "trefoil-x"
    case .spherical: "spherical"
    }
  }
}

extension Pupil {
  /// Intensity at the pixels around the one nearest to the centroid, 1 being the peak of the same pupil without aberrations;
  /// nil if the pupil is closed.
  ///
  /// Cost: a DFT as two matrix products, `samples^2 size + samples size^2` complex multiply-adds.
  package func intensity(half: Int) -> Plane<Double>? {
    // In a fixed order, for a sum to have the same bits on every run; a perfect term costs nothing.
    let terms = aberrations.filter { $0.value != 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
    // Rays of slope g waves a radius land 2 g sampling pixels off. The DFT repeats its image every `period` pixels: the
    // next copy's rays must stay outside the kernel, which lies within `reach` of the middle. 1024 samples each pupil finely
    // enough for 1e-4 of the peak at a wavefront of 0.6 wavelengths RMS (held by PupilTests against a quadrature).
    let reach = 2 * sampling * terms.reduce(0) { $0 + abs($1.value) * $1.key.steepest }
    let period = max(1024, Int((2 * reach).rounded(.up)) + 2 * half + 64)
    let radius = Double(period) / (2 * sampling)
    let transmission = transmission(radius: radius)
    let side = transmission.width

    var field = ComplexMatrix(rows: side, columns: side)
    var (energy, transmitted, slope) = (0.0, 0.0, SIMD2<Double>.zero)
    for index in transmission.values.indices where transmission.values[index] != 0 {
      let amplitude = transmission.values[index]
      let (x, y) = (Double(index % side - side / 2) / radius, Double(index / side - side / 2) / radius)
      var (waves, gradient) = (0.0, SIMD2<Double>.zero)
      for (zernike, coefficient) in terms {
        waves += coefficient * zernike.value(x, y)
        gradient += coefficient * zernike.gradient(x, y)
      }
      let (cosine, sine) = cosineAndSine(radians: 2 * .pi * waves)
      field.real[index] = amplitude * cosine
      field.imaginary[index] = amplitude * sine
      energy += amplitude * amplitude
      transmitted += amplitude
      slope += gradient * (amplitude * amplitude)
    }
    // Between rounding (1e-16) and what the narrowest gaps let through.
    guard transmitted > 1e-9 * radius * radius else { return nil }
    // The centroid of an intensity is the mean slope of its pupil's phase.
    let centroid = (slope / energy * (2 * sampling)).rounded(.toNearestOrAwayFromZero)

    let across = ComplexMatrix.fourier(frequencies: side, positions: half, around: Int(centroid.x), period: period)
    let down = ComplexMatrix.fourier(frequencies: side, positions: half, around: Int(centroid.y), period: period)
    let image = down.transposed().times(field.times(across))
    var intensity = Plane<Double>(width: 2 * half + 1, height: 2 * half + 1)
    for index in intensity.values.indices {
      let (real, imaginary) = (image.real[index], image.imaginary[index])
      intensity.values[index] = (real * real + imaginary * imaginary) / (transmitted * transmitted)
    }
    return intensity
  }

  /// What each sample of a pupil of `radius` samples lets through, for sums over samples to be integrals over the pupil.
  ///
  /// The part of a sample's square that is open, exact except where two edges meet in one sample, is the pupil convolved
  /// with that square, of variance 1/12. Half of that times the second derivatives is what the convolution has added
  /// in second order, and is taken off again: without, a steep wavefront's image is wrong by h^2 where it now is by h^4.
  private func transmission(radius: Double) -> Plane<Double> {
    let open = openness(radius: radius)
    var sharpened = open
    for y in 1..<open.height - 1 {
      for x in 1..<open.width - 1 {
        let laplacian = open[x - 1, y] + open[x + 1, y] + open[x, y - 1] + open[x, y + 1] - 4 * open[x, y]
        sharpened[x, y] -= laplacian / 24
      }
    }
    return sharpened
  }

  /// The open part of every sample, with a margin of one around the pupil.
  private func openness(radius: Double) -> Plane<Double> {
    let half = CoverageRaster.half(holding: radius) + 1
    func coverage(_ outline: Outline) -> Plane<Double> {
      var raster = CoverageRaster(halfWidth: half, halfHeight: half)
      raster.add(outline)
      return raster.areas()
    }
    let frame = Outline.rectangle(length: Double(2 * half + 1), width: Double(2 * half + 1))
    let rim = Outline.ellipse(radiusX: radius, radiusY: radius)
    var hidden = [Outline.ellipse(radiusX: obscuration * radius, radiusY: obscuration * radius)]
    for index in 0..<struts {
      let along = direction(degrees: strutAngle + 360 * Double(index) / Double(struts))
      // Longer than the pupil, then cut to the samples there are.
      let strut = Outline.rectangle(
        center: along * radius, along: along, length: 2 * radius, width: strutWidth * radius)
      hidden.append(strut.clipped(to: frame))
    }
    var open = coverage(rim)
    for outline in hidden {
      let closed = coverage(outline)
      for index in open.values.indices { open.values[index] *= 1 - closed.values[index] }
    }
    return open
  }
}
