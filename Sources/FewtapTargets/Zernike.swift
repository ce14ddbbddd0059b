/// A Zernike polynomial: an aberration of a lens, orthonormal over the unit disk, so that its coefficient is its RMS.
///
/// Units:  x and y in pupil radii, x right and +y *down*, as the kernel they lead to; r^2 = x^2 + y^2.
/// Source: R. J. Noll, "Zernike polynomials and atmospheric turbulence", J. Opt. Soc. Am. 66, 207-211, 1976, table I,
///         polynomials 2 to 11; departure: y is down.
public enum Zernike: Int, CaseIterable, Sendable {
  /// Noll 2: moves the image along x.
  case tiltX = 2
  /// Noll 3: moves the image along y.
  case tiltY
  /// Noll 4: focus in front of the image or behind.
  case defocus
  /// Noll 5: foci of lines at 45 degrees apart.
  case astigmatismDiagonal
  /// Noll 6: foci of horizontal and vertical lines apart.
  case astigmatism
  /// Noll 7: a comet; the tail of a positive one points down.
  case coma
  /// Noll 8: a comet; the tail of a positive one points right.
  case comaX
  /// Noll 9: three lobes.
  case trefoil
  /// Noll 10: three lobes, turned by 30 degrees.
  case trefoilX
  /// Noll 11: foci of the lens's middle and rim apart.
  case spherical

  /// The polynomial at a point of the unit disk.
  package func value(_ x: Double, _ y: Double) -> Double {
    let r2 = x * x + y * y
    return switch self {
    case .tiltX: 2 * x
    case .tiltY: 2 * y
    case .defocus: 3.0.squareRoot() * (2 * r2 - 1)
    case .astigmatismDiagonal: 6.0.squareRoot() * 2 * x * y
    case .astigmatism: 6.0.squareRoot() * (x * x - y * y)
    case .coma: 8.0.squareRoot() * (3 * r2 - 2) * y
    case .comaX: 8.0.squareRoot() * (3 * r2 - 2) * x
    case .trefoil: 8.0.squareRoot() * (3 * x * x - y * y) * y
    case .trefoilX: 8.0.squareRoot() * (x * x - 3 * y * y) * x
    case .spherical: 5.0.squareRoot() * (6 * r2 * r2 - 6 * r2 + 1)
    }
  }

  /// Its derivatives by x and y.
  package func gradient(_ x: Double, _ y: Double) -> SIMD2<Double> {
    let r2 = x * x + y * y
    return switch self {
    case .tiltX: SIMD2(2, 0)
    case .tiltY: SIMD2(0, 2)
    case .defocus: SIMD2(x, y) * (4 * 3.0.squareRoot())
    case .astigmatismDiagonal: SIMD2(y, x) * (2 * 6.0.squareRoot())
    case .astigmatism: SIMD2(x, -y) * (2 * 6.0.squareRoot())
    case .coma: SIMD2(6 * x * y, 3 * r2 - 2 + 6 * y * y) * 8.0.squareRoot()
    case .comaX: SIMD2(3 * r2 - 2 + 6 * x * x, 6 * x * y) * 8.0.squareRoot()
    case .trefoil: SIMD2(6 * x * y, 3 * x * x - 3 * y * y) * 8.0.squareRoot()
    case .trefoilX: SIMD2(3 * x * x - 3 * y * y, -6 * x * y) * 8.0.squareRoot()
    case .spherical: SIMD2(x, y) * (5.0.squareRoot() * (24 * r2 - 12))
    }
  }

  /// The greatest length of the gradient on the unit disk, at the rim for all of them.
  package var steepest: Double {
    switch self {
    case .tiltX, .tiltY: 2
    case .defocus: 4 * 3.0.squareRoot()
    case .astigmatismDiagonal, .astigmatism: 2 * 6.0.squareRoot()
    case .coma, .comaX: 7 * 8.0.squareRoot()
    case .trefoil, .trefoilX: 3 * 8.0.squareRoot()
    case .spherical: 12 * 5.0.squareRoot()
    }
  }
}
