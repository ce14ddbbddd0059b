import FewtapCore
import FewtapTargets
import Testing

/// Images of points through lenses, against optics in closed form or by another quadrature.
@Suite struct PupilTests {
  /// What the sampled pupil may differ by, of the peak: see `Pupil.intensity`.
  static let accuracy = 1e-4

  /// `2 J1(x) / x`.
  static func jinc(_ x: Double) -> Double { x == 0 ? 1 : 2 * bessel(1, x) / x }

  static func distance(_ x: Int, _ y: Int) -> Double { Double(x * x + y * y).squareRoot() }

  @Test(arguments: [2, 2.4, 5])
  func `a clear lens gives the Airy pattern`(sampling: Double) throws {
    let intensity = try #require(Pupil(sampling: sampling).intensity(half: 12))
    for y in 0...12 {
      for x in 0...12 {
        let field = Self.jinc(.pi * Self.distance(x, y) / sampling)
        #expect(abs(intensity[x + 12, y + 12] - field * field) < Self.accuracy)
      }
    }
  }

  @Test func `a hidden middle gives the annular pattern`() throws {
    let hidden = 0.4
    let intensity = try #require(Pupil(obscuration: hidden, sampling: 3).intensity(half: 10))
    for y in 0...10 {
      for x in 0...10 {
        let v = Double.pi * Self.distance(x, y) / 3
        let field = (Self.jinc(v) - hidden * hidden * Self.jinc(hidden * v)) / (1 - hidden * hidden)
        #expect(abs(intensity[x + 10, y + 10] - field * field) < Self.accuracy)
      }
    }
  }

  @Test func `spherical aberration and defocus agree with a quadrature along the radius`() throws {
    let kernel = try Kernel.psf(Pupil(aberrations: [.spherical: 0.6, .defocus: 0.6], sampling: 2.56))
    // The field of a round pupil: the integral of 2 r exp(2 pi i W) J0(pi d r / sampling), by the midpoint rule in r^2.
    func intensity(_ distance: Double) -> Double {
      let count = 2000
      var (real, imaginary) = (0.0, 0.0)
      for index in 0..<count {
        let r = ((Double(index) + 0.5) / Double(count)).squareRoot()
        let waves = 0.6 * (Zernike.spherical.polynomial(r, 0) + Zernike.defocus.polynomial(r, 0))
        let weight = bessel(0, .pi * distance * r / 2.56) / Double(count)
        real += weight * sine(2 * .pi * waves + .pi / 2)
        imaginary += weight * sine(2 * .pi * waves)
      }
      return real * real + imaginary * imaginary
    }
    // Along an axis and a diagonal; both patterns scaled to the same value at the center.
    let scale = weightAt(0, 0, of: kernel) / intensity(0)
    for step in stride(from: 0, through: 24, by: 3) {
      for (x, y) in [(step, 0), (0, -step), (step, step)] {
        let expected = scale * intensity(Self.distance(x, y))
        #expect(abs(weightAt(x, y, of: kernel) - expected) < 2 * Self.accuracy * largest(kernel))
      }
    }
  }

  @Test(arguments: [Zernike.defocus, .astigmatism, .astigmatismDiagonal, .spherical, .trefoil, .coma])
  func `small aberrations lower the peak as Marechal says`(zernike: Zernike) throws {
    let rms = 0.03
    let intensity = try #require(Pupil(aberrations: [zernike: rms]).intensity(half: 3))
    // |mean exp(i p)|^2 = 1 - s^2 + (2 m4 + 6 s^4) / 24 - ..., m4 being the fourth moment of the phase p, at most (s max|Z|)^2 s^2
    // with max|Z| = sqrt(8); less exp(-s^2), that leaves at most (8/12) s^4, and the next term 3 s^6: s^4 in all at s = 0.19.
    let phase = 2 * .pi * rms
    #expect(abs(intensity[3, 3] - power(-phase * phase)) <= phase * phase * phase * phase)
  }

  @Test(arguments: [0.1, 0.3, 0.55])
  func `defocus lowers the peak as in closed form`(rms: Double) throws {
    let phase = 2 * .pi * rms * 3.0.squareRoot()
    let expected = (sine(phase) / phase) * (sine(phase) / phase)
    let intensity = try #require(Pupil(aberrations: [.defocus: rms]).intensity(half: 0))
    #expect(abs(intensity[0, 0] - expected) < Self.accuracy)
  }

  @Test func `the tail of positive coma points down, of positive comaX right`() throws {
    for (zernike, down) in [(Zernike.coma, true), (.comaX, false)] {
      let kernel = try Kernel.psf(Pupil(aberrations: [zernike: 0.5]))
      var third = 0.0
      let moments = kernel.moments
      kernel.forEachOffset { x, y, weight in
        let along = down ? Double(y) - moments.centroidY : Double(x) - moments.centroidX
        third += along * along * along * weight
      }
      // A skew distribution leans to its tail.
      #expect(third > 0)
      let peak = kernel.values.values.firstIndex(of: largest(kernel)) ?? 0
      #expect((down ? peak / 49 : peak % 49) < 24)
    }
  }

  @Test func `whole pixels of tilt are taken out, parts are kept`() throws {
    // A slope of 2 a waves moves the image by 4 a sampling pixels.
    let straight = try Kernel.psf(Pupil(sampling: 2.5))
    let whole = try Kernel.psf(Pupil(aberrations: [.tiltX: 0.7], sampling: 2.5))
    #expect(
      zip(straight.values.values, whole.values.values).allSatisfy { abs($0 - $1) < Self.accuracy * largest(straight) })
    let part = try Kernel.psf(Pupil(aberrations: [.tiltX: 0.03, .tiltY: -0.04], sampling: 2.5), size: 9)
    #expect(weightAt(1, 0, of: part) > weightAt(-1, 0, of: part))
    #expect(weightAt(0, -1, of: part) > weightAt(0, 1, of: part))
  }

  @Test func `an upright strut gives spikes to both sides`() throws {
    let kernel = try Kernel.psf(Pupil(struts: 2, strutWidth: 0.1, strutAngle: 90), size: 101)
    func light(_ x: Int, _ y: Int) -> Double { weightAt(x, y, of: kernel) + weightAt(-x, -y, of: kernel) }
    let (across, along) = ((20...50).reduce(0) { $0 + light($1, 0) }, (20...50).reduce(0) { $0 + light(0, $1) })
    #expect(across > 3 * along)
  }

  @Test func `polynomials are orthonormal on the disk`() {
    // Midpoints in r^2 err by 1 / (24 n^2) of second derivatives, which the products (degree 4 in r^2) keep below 1000;
    // equal angles are exact.
    let (rings, angles) = (400, 32)
    for a in Zernike.allCases {
      for b in Zernike.allCases {
        var mean = 0.0
        for ring in 0..<rings {
          let r = ((Double(ring) + 0.5) / Double(rings)).squareRoot()
          for index in 0..<angles {
            let point = r * direction(degrees: 360 * Double(index) / Double(angles))
            mean += a.polynomial(point.x, point.y) * b.polynomial(point.x, point.y) / Double(rings * angles)
          }
        }
        #expect(abs(mean - (a == b ? 1 : 0)) < 1000 / (24 * Double(rings * rings)))
      }
    }
  }

  @Test func `gradients are the derivatives, and no longer than the steepest`() {
    var random = SeededGenerator(seed: 7)
    for zernike in Zernike.allCases {
      for _ in 0..<50 {
        let point = random.unit().squareRoot() * direction(degrees: random.uniform(0, 360))
        // Central differences of polynomials of degree 4 err by h^2 / 6 times third derivatives (below 24 * 6 sqrt 5);
        // rounding by 2^-52 * 8 / h.
        let h = 0x1p-13
        let gradient = SIMD2(
          zernike.polynomial.gradient.x(point.x, point.y), zernike.polynomial.gradient.y(point.x, point.y))
        let numeric = SIMD2(
          (zernike.polynomial(point.x + h, point.y) - zernike.polynomial(point.x - h, point.y)) / (2 * h),
          (zernike.polynomial(point.x, point.y + h) - zernike.polynomial(point.x, point.y - h)) / (2 * h))
        let error = gradient - numeric
        #expect((error * error).sum().squareRoot() < h * h * 60 + 0x1p-49 / h)
        #expect((gradient * gradient).sum().squareRoot() <= zernike.steepest * (1 + 0x1p-50))
      }
    }
  }
}
