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
  /// Cost: a DFT by rows and then columns, `samples^2 size + samples size^2` real multiply-adds: 4 ms for 31 pixels a side.
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
    // Between rounding (1e-16) and what the narrowest gaps let through.
    let transmitted = transmission.values.reduce(0, +)
    guard transmitted > 1e-9 * radius * radius else { return nil }

    var wavefront = Wavefront()
    for (zernike, coefficient) in terms { wavefront += zernike.polynomial * coefficient }
    // The centroid of an intensity is the mean slope of its pupil's phase. Whole pixels of it are taken off the wavefront.
    let slope = transmission.meanGradient(of: wavefront, radius: radius)
    let centroid = (slope * (2 * sampling)).rounded(.toNearestOrAwayFromZero)
    wavefront[1, 0] -= centroid.x / (2 * sampling)
    wavefront[0, 1] -= centroid.y / (2 * sampling)

    let transform = CenteredTransform(frequencies: transmission.width / 2, positions: half, period: period)
    let columns = transform.transformed(rows: transmission.height) { row, real, imaginary in
      transmission.writeField(wavefront, radius: radius, row: row, real, imaginary)
    }
    let image = transform.transformed(rows: 2 * half + 1) { row, real, imaginary in
      let line = row * transmission.height..<(row + 1) * transmission.height
      _ = real.update(fromContentsOf: columns.real[line])
      _ = imaginary.update(fromContentsOf: columns.imaginary[line])
    }
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
    var hidden =
      obscuration > 0 ? [Outline.ellipse(radiusX: obscuration * radius, radiusY: obscuration * radius)] : []
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

extension Plane<Double> {
  /// What a wavefront's slope is on average over the light that a pupil lets through, whose amplitudes at `radius` samples a pupil
  /// radius these are, its middle in the middle.
  fileprivate func meanGradient(of wavefront: Wavefront, radius: Double) -> SIMD2<Double> {
    let (gradientX, gradientY) = wavefront.gradient
    var (energy, sum) = (0.0, SIMD2<Double>.zero)
    values.withUnsafeBufferPointer { values in
      for row in 0..<height {
        // Moments of the row's light, by powers of x: those of a gradient, of the third degree at most.
        var moments = SIMD4<Double>.zero
        for column in 0..<width {
          let (amplitude, x) = (values[row * width + column], Double(column - width / 2) / radius)
          let light = amplitude * amplitude
          moments += light * SIMD4(1, x, x * x, x * x * x)
        }
        let y = Double(row - height / 2) / radius
        let (rowX, rowY) = (gradientX.row(y), gradientY.row(y))
        energy += moments[0]
        for power in 0..<Wavefront.degree { sum += SIMD2(rowX[power], rowY[power]) * moments[power] }
      }
    }
    return sum / energy
  }

  /// Writes a row of these amplitudes with the phases of a wavefront over zeros.
  fileprivate func writeField(
    _ wavefront: Wavefront, radius: Double, row: Int, _ real: UnsafeMutableBufferPointer<Double>,
    _ imaginary: UnsafeMutableBufferPointer<Double>
  ) {
    values.withUnsafeBufferPointer { values in
      let line = values[row * width..<(row + 1) * width]
      guard let first = line.firstIndex(where: { $0 != 0 }), let last = line.lastIndex(where: { $0 != 0 }) else {
        return
      }
      let powers = wavefront.row(Double(row - height / 2) / radius)
      let (c0, c1, c2, c3, c4) = (powers[0], powers[1], powers[2], powers[3], powers[4])
      let (steps, step) = (SIMD4<Double>(0, 1, 2, 3), 1 / radius)
      for start in stride(from: first, through: last, by: 4) {
        let column = start - row * width
        let x = (Double(column - width / 2) + steps) * step
        let (cosine, sine) = cosineAndSine(turns: (((x * c4 + c3) * x + c2) * x + c1) * x + c0)
        for lane in 0..<min(4, last + 1 - start) {
          real[column + lane] = values[start + lane] * cosine[lane]
          imaginary[column + lane] = values[start + lane] * sine[lane]
        }
      }
    }
  }
}
