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

  /// The polynomial.
  package var polynomial: Wavefront {
    switch self {
    case .tiltX: Wavefront([(1, 0, 2)])
    case .tiltY: Wavefront([(0, 1, 2)])
    case .defocus: Wavefront([(2, 0, 2), (0, 2, 2), (0, 0, -1)]) * 3.0.squareRoot()
    case .astigmatismDiagonal: Wavefront([(1, 1, 2)]) * 6.0.squareRoot()
    case .astigmatism: Wavefront([(2, 0, 1), (0, 2, -1)]) * 6.0.squareRoot()
    case .coma: Wavefront([(2, 1, 3), (0, 3, 3), (0, 1, -2)]) * 8.0.squareRoot()
    case .comaX: Wavefront([(3, 0, 3), (1, 2, 3), (1, 0, -2)]) * 8.0.squareRoot()
    case .trefoil: Wavefront([(2, 1, 3), (0, 3, -1)]) * 8.0.squareRoot()
    case .trefoilX: Wavefront([(3, 0, 1), (1, 2, -3)]) * 8.0.squareRoot()
    case .spherical:
      Wavefront([(4, 0, 6), (2, 2, 12), (0, 4, 6), (2, 0, -6), (0, 2, -6), (0, 0, 1)]) * 5.0.squareRoot()
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
